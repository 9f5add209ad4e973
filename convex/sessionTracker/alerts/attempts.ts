/**
 * An attempt of a delivery: it begins in a transaction that writes the request down, the request is made by an
 * action, and what it came to is written in a second one, which decides whether there is to be another attempt. An
 * attempt that never ends, as its process died, is lost to its guard. So each delivery is made at least once, and
 * receivers tell repeats by its id.
 */
import { vOnCompleteArgs } from "@convex-dev/workpool";
import { v, type Infer } from "convex/values";
import { internal } from "../_generated/api.js";
import type { Doc } from "../_generated/dataModel.js";
import {
  internalAction,
  internalMutation,
  type MutationCtx,
} from "../_generated/server.js";
import { DAY_MS, isFuture, MINUTE_MS } from "../shared/times.js";
import {
  type Disabled,
  MAX_ATTEMPTS_KEPT,
  vAttempt,
} from "../shared/webhooks/webhook.js";
import { audit } from "../rows/audit.js";
import { enqueueAttempt } from "./dispatch.js";
import { post } from "./post.js";
import { requestOf, vRequest } from "./request.js";
import { isGood, waitMsBefore } from "./retries.js";

const vLink = { deliveryId: v.id("deliveries"), attempt: v.number() };

const vOutcome = v.object({
  ...vAttempt.fields,
  /** For how long the endpoint asks to be left in peace. */
  retryAfterMs: v.optional(v.number()),
});
type Outcome = Infer<typeof vOutcome>;

/** The job of the workpool. */
export const run = internalAction({
  args: vLink,
  returns: v.null(),
  handler: async (ctx, link): Promise<null> => {
    const request = await ctx.runMutation(internal.alerts.attempts.begin, link);
    if (request === null) return null;
    const outcome = await post(request);
    const ended = { ...link, outcome };
    await ctx.runMutation(internal.alerts.attempts.end, ended);
    return null;
  },
});

/** An attempt that has not ended after this long was lost; the request itself is given up sooner. */
const LOST_AFTER_MS = MINUTE_MS;

/** Begins an attempt. @returns the request to make; `null` where there is none to make any more */
export const begin = internalMutation({
  args: vLink,
  returns: v.union(vRequest, v.null()),
  handler: async (ctx, link) => {
    const delivery = await deliveryOf(ctx, link);
    // One that has begun is not begun again: its guard sees to it.
    if (delivery === null || delivery.guard !== undefined) return null;
    const webhook = await ctx.db.get("webhooks", delivery.webhook);
    const isTest = delivery.type === "webhook.test";
    if (webhook === null || (webhook.disabled !== undefined && !isTest)) {
      const why = `The webhook was ${webhook === null ? "removed" : "disabled"} before it was delivered.`;
      await giveUp(ctx, delivery, { why });
      return null;
    }
    const guard = await ctx.scheduler.runAfter(
      LOST_AFTER_MS,
      internal.alerts.attempts.lost,
      { ...link, at: Date.now() },
    );
    await ctx.db.patch("deliveries", delivery._id, { guard });
    const { name } = await ctx.meta.getDeploymentMetadata();
    return requestOf(webhook, delivery, name, Date.now());
  },
});

/** Ends an attempt that was made. */
export const end = internalMutation({
  args: { ...vLink, outcome: vOutcome },
  returns: v.null(),
  handler: async (ctx, { outcome, ...link }) => {
    const delivery = await deliveryOf(ctx, link);
    if (delivery === null) return null;
    if (delivery.guard !== undefined)
      await ctx.scheduler.cancel(delivery.guard);
    await record(ctx, delivery, outcome);
    return null;
  },
});

/** The guard: ends an attempt whose process has died. */
export const lost = internalMutation({
  args: { ...vLink, at: v.number() },
  returns: v.null(),
  handler: async (ctx, { at, ...link }) => {
    const delivery = await deliveryOf(ctx, link);
    if (delivery !== null)
      await recordLost(ctx, delivery, at, "its process ended");
    return null;
  },
});

/** Called by the workpool for a job that was canceled, or that failed in another way than its request may. */
export const stopped = internalMutation({
  args: vOnCompleteArgs(v.object(vLink)),
  returns: v.null(),
  handler: async (ctx, { context, result }) => {
    const delivery = await deliveryOf(ctx, context);
    if (delivery === null) return null;
    if (delivery.guard !== undefined)
      await ctx.scheduler.cancel(delivery.guard);
    const why =
      result.kind === "failed" ? result.error : "its job was canceled";
    await recordLost(ctx, delivery, Date.now(), why);
    return null;
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** An endpoint that has failed for so long, and nothing else, is disabled. */
const DISABLED_AFTER_MS = DAY_MS;

/** The delivery whose attempt is due or under way; `null` where it is over, or another one is. */
async function deliveryOf(
  ctx: MutationCtx,
  {
    deliveryId,
    attempt,
  }: { deliveryId: Doc<"deliveries">["_id"]; attempt: number },
): Promise<Doc<"deliveries"> | null> {
  const delivery = await ctx.db.get("deliveries", deliveryId);
  const isDue = delivery?.status === "pending" && delivery.attempt === attempt;
  return isDue ? delivery : null;
}

async function record(
  ctx: MutationCtx,
  delivery: Doc<"deliveries">,
  { retryAfterMs, ...attempt }: Outcome,
): Promise<void> {
  const now = Date.now();
  const webhook = await ctx.db.get("webhooks", delivery.webhook);
  const ended = withAttempt(delivery, attempt);
  if (isGood(attempt)) {
    await ctx.db.patch("deliveries", delivery._id, {
      ...ended,
      status: "delivered",
      finishedAt: now,
      nextAt: undefined,
    });
    if (webhook?.failingSince !== undefined) {
      await ctx.db.patch("webhooks", webhook._id, { failingSince: undefined });
    }
    return;
  }
  const isTest = delivery.type === "webhook.test";
  if (webhook !== null && !isTest) {
    await noteFailure(ctx, webhook, attempt.status === 410, now);
  }
  const waitMs = waitMsBefore(delivery, { ...attempt, retryAfterMs });
  if (waitMs === null) await giveUp(ctx, delivery, ended);
  else await enqueueAttempt(ctx, delivery, now + waitMs, ended);
}

/** An attempt of which nobody knows what it came to: another is made soon, and the endpoint is not blamed. */
async function recordLost(
  ctx: MutationCtx,
  delivery: Doc<"deliveries">,
  at: number,
  why: string,
): Promise<void> {
  const now = Date.now();
  const error = `The attempt was lost: ${why}.`.slice(0, 500);
  const ended = withAttempt(delivery, { at, durationMs: now - at, error });
  const waitMs = waitMsBefore(delivery, "lost");
  if (waitMs === null) await giveUp(ctx, delivery, ended);
  else await enqueueAttempt(ctx, delivery, now + waitMs, ended);
}

type Patch = Partial<Pick<Doc<"deliveries">, "attempts" | "tries" | "why">>;

function withAttempt(
  { attempts, tries }: Doc<"deliveries">,
  attempt: Doc<"deliveries">["attempts"][number],
) {
  return {
    attempts: [...attempts, attempt].slice(-MAX_ATTEMPTS_KEPT),
    tries: tries + 1,
    guard: undefined,
  };
}

async function giveUp(
  ctx: MutationCtx,
  { _id }: Doc<"deliveries">,
  patch: Patch,
): Promise<void> {
  await ctx.db.patch("deliveries", _id, {
    ...patch,
    status: "failed",
    finishedAt: Date.now(),
    nextAt: undefined,
    guard: undefined,
  });
}

/** Notes since when an endpoint fails, and disables one that is gone or has failed for a day. */
async function noteFailure(
  ctx: MutationCtx,
  webhook: Doc<"webhooks">,
  isGone: boolean,
  now: number,
): Promise<void> {
  const { _id, failingSince, disabled } = webhook;
  if (disabled !== undefined) return;
  if (failingSince === undefined || isFuture(failingSince, now)) {
    await ctx.db.patch("webhooks", _id, { failingSince: now });
    if (!isGone) return;
  }
  const isDead = now - (failingSince ?? now) >= DISABLED_AFTER_MS;
  if (!isGone && !isDead) return;
  const why: Disabled["why"] = isGone ? "gone" : "failing";
  await ctx.db.patch("webhooks", _id, { disabled: { at: now, why } });
  await audit(ctx, {
    what: "webhook.disabled",
    actor: "watchdog",
    target: _id,
    after: { why },
  });
}
