/** Findings on what the component mended for `doctor --fix`. */
import type { Returns } from "../deployment/api.js";
import type { ScheduleName } from "../../convex/sessionTracker/shared/schedules.js";
import { fixed, type Finding } from "./finding.js";

export type Repaired = Returns<"operator/health:repair">[number];
type RunRestarted = Extract<Repaired, { kind: "runRestarted" }>;

export function repairedSchedule(
  check: string,
  name: ScheduleName,
  repaired: readonly Repaired[],
): Finding | null {
  for (const one of repaired) {
    if (one.kind === "scheduleRegistered" && one.schedule === name) {
      return fixed(check, `registered schedule ${name}`);
    }
    if (one.kind === "scheduleRestarted" && one.schedule === name) {
      return fixed(check, `schedule ${name} ${WHY[one.why]}`);
    }
  }
  return null;
}

export function repairedWatchdog(
  repaired: readonly Repaired[],
): Finding | null {
  return repaired.some(({ kind }) => kind === "fuseReplaced")
    ? fixed("watchdog", "gave the watchdog a new fuse")
    : null;
}

export function restartedRuns(repaired: readonly Repaired[]): RunRestarted[] {
  return repaired.filter((one) => one.kind === "runRestarted");
}

export function restartedRun({ runId, why }: RunRestarted): Finding {
  return fixed("runs", `restarted, because run ${runId} ${WHY[why]}`);
}

const WHY = {
  didNotFire: "did not fire",
  tickedInTheFuture: "ticked in the future",
  stoodStill: "stood still",
  gotOnInTheFuture: "got on in the future",
} as const;
