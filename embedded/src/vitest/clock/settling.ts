import { setImmediate } from "node:timers/promises";
import type { Execution } from "../../functions/execution/execution.js";
import { displayName } from "../../functions/functionPath.js";
import type { DeploymentParts } from "../../parts.js";
import { TestDeploymentError } from "../errors.js";
import type { TurnedClock } from "./turnedClock.js";

/**
 * How long nothing has to happen before actions that wait for a timer are believed to wait for that
 * alone, and not for an answer of something else.
 */
const QUIET_MS = 10;

/** How long something may be under way that waits for no timer. */
const LIMIT_MS = 30_000;

/** A deployment from its start to its end, or to a crash. */
export interface Life {
  readonly parts: DeploymentParts;
  readonly clock: TurnedClock;
  /** Whether it has ended. */
  readonly isOver: boolean;
}

/**
 * Resolves when nothing runs any more, or only actions that wait for a later time of the clock; or
 * when the deployment ends.
 * @throws TestDeploymentError "notSettled"
 */
export async function settle(life: Life): Promise<void> {
  const { clock } = life;
  const { runtime, scheduler } = life.parts;
  const startedAt = performance.now();
  let quietSince = startedAt;
  let ended = 0;
  let before = "";
  const stopListening = runtime.onCompletion(() => (ended += 1));
  try {
    while (!life.isOver) {
      const running = [...runtime.underWay];
      const asleep = running.filter((execution) => isAsleep(execution, clock));
      const jobsAsleep = asleep.filter(isJob).length;
      const isQuiet =
        running.length === asleep.length && scheduler.running === jobsAsleep;
      if (isQuiet && asleep.length === 0) return;

      const now = performance.now();
      const state = `${running.length} ${scheduler.running} ${ended} ${clock.timersSet}`;
      if (!isQuiet || state !== before) quietSince = now;
      before = state;
      if (now - quietSince > QUIET_MS) return;
      if (now - startedAt > LIMIT_MS) throw notSettled(running);
      await setImmediate();
    }
  } finally {
    stopListening();
  }
}

/** Whether an action waits for a timer. */
export function isAsleep(execution: Execution, clock: TurnedClock): boolean {
  return execution.transaction === null && clock.isAwaitedBy(execution);
}

/** Whether the scheduler runs it: as a scheduled function, or as a cron. */
function isJob({ request }: Execution): boolean {
  return request.source === "scheduler" || request.source === "cron";
}

function notSettled(running: readonly Execution[]): TestDeploymentError {
  const names = [...new Set(running.map(({ fn }) => displayName(fn)))];
  return new TestDeploymentError(
    "notSettled",
    `After ${LIMIT_MS / 1_000} s there is still something under way: ${names.join(", ") || "a scheduled function"}. ` +
      "The clock waits for functions that run, unless they wait for a timer; these wait for something else, such as an answer over the network, or start each other without end.",
  );
}
