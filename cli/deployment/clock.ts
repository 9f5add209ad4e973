/** This machine's clock beside the deployment's, by which all times on the deployment are reckoned. */
import { CLOCK_SLACK_MS } from "../../convex/sessionTracker/shared/times.js";
import type { CliContext } from "../context.js";
import type { ComponentClient } from "./client.js";
import { note } from "../terminal/output.js";
import { formatDuration } from "../time/time.js";

/** How far this machine's clock is ahead, or behind below 0, beyond what the way there explains. */
export async function readSkew(
  context: Pick<CliContext, "now">,
  client: ComponentClient,
): Promise<number> {
  const asked = context.now();
  const there = await client.query("operator/health:now", { here: asked });
  if (there < asked) return asked - there;
  return Math.min(0, context.now() - there);
}

/** The difference in words: "this machine's clock is 10 days ahead of the deployment's". */
export function skewText(aheadMs: number): string {
  const side = aheadMs > 0 ? "ahead of" : "behind";
  return `this machine's clock is ${formatDuration(Math.abs(aheadMs))} ${side} the deployment's`;
}

/** Says, before a write, that the clocks differ, where they do by more than a minute. */
export async function noteSkew(
  context: CliContext,
  client: ComponentClient,
): Promise<void> {
  const aheadMs = await readSkew(context, client);
  if (Math.abs(aheadMs) <= CLOCK_SLACK_MS) return;
  note(
    context,
    `Note: ${skewText(aheadMs)}. Days and durations of a purge are reckoned by the deployment's clock; a date or a time that you name is taken as it is.`,
  );
}

/** The same context by the deployment's clock, where the clocks differ by more than a minute. */
export async function byDeploymentClock(
  context: CliContext,
  client: ComponentClient,
): Promise<CliContext> {
  const aheadMs = await readSkew(context, client);
  if (Math.abs(aheadMs) <= CLOCK_SLACK_MS) return context;
  const now = { value: () => context.now() - aheadMs };
  return Object.create(context, { now }) as CliContext;
}
