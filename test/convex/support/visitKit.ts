/** One visitor, and what that visitor does in the component of the test, `t`. */
import { vi } from "vitest";
import type { VisitReport } from "../../../convex/sessionTracker/shared/visits.js";
import { api, t } from "./fresh.js";
import { expectInvariants } from "./rows.js";
import { finishRun } from "./runKit.js";

export const visitor = { anonymousId: "user123" };

export function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

export function beat(visit?: VisitReport) {
  const given = visit === undefined ? {} : { visit };
  return t.mutation(api.visitors.heartbeat.beat, { ...visitor, ...given });
}

export function act() {
  const action = { ...visitor, action: "click" };
  return t.mutation(api.visitors.action.record, action);
}

export function end(visit?: VisitReport) {
  const given = visit === undefined ? {} : { visit };
  return t.mutation(api.visitors.end.visit, { ...visitor, ...given });
}

export async function run(kind: "expire" | "purge"): Promise<void> {
  const { runId } = await t.mutation(api.runs.control.start, {
    kind,
    actor: "ada",
    trigger: "operator",
  });
  await finishRun(t, runId);
}

export function setMaximum(maxVisitMs: number | "never") {
  const change = { patch: { maxVisitMs }, actor: "ada" };
  return t.mutation(api.settings.settings.change, change);
}

/** The rows of the one visitor. */
export async function rows() {
  const { sessions, leases, visits } = await expectInvariants(t);
  const [session] = sessions;
  if (session === undefined) throw new Error("There is no session.");
  return { session, lease: leases[0], visits };
}

/** Engaged time of the visit under way, in ms. */
export async function engaged(): Promise<number> {
  return (await rows()).lease?.engagedMs ?? 0;
}
