import { setTimeout as realDelay } from "node:timers/promises";
import type { Floors } from "../../support/floors.js";

/** Turns of the event loop in which a job on a real timer, already due, gets to start. */
const IDLE_TURNS = 20;

/** Waits for the functions in progress, and for those they start at once. */
export function finishInProgress({
  scheduler,
}: Pick<Floors, "scheduler" | "database">): Promise<void> {
  return scheduler.whenIdle();
}

/** Advances the timers until no scheduled function runs or waits for one of them. */
export async function finishAll(
  { scheduler }: Pick<Floors, "scheduler" | "database">,
  advanceTimers: () => void,
  maxIterations: number,
): Promise<void> {
  let idleTurns = 0;
  for (let iteration = 0; iteration < maxIterations; iteration += 1) {
    advanceTimers();
    if (scheduler.isBusy) {
      idleTurns = 0;
      await advanceWhile(scheduler.whenIdle(), advanceTimers);
    } else if (idleTurns < IDLE_TURNS && scheduler.nextDueMs() !== undefined) {
      idleTurns += 1;
      iteration -= 1;
      await realDelay(0);
    } else {
      return;
    }
  }
  throw new Error(
    `Scheduled functions still schedule others after ${maxIterations} rounds.`,
  );
}

/** Advances the timers until `idle` resolves, as a running function may itself wait for one. */
async function advanceWhile(
  idle: Promise<void>,
  advanceTimers: () => void,
): Promise<void> {
  let isIdle = false;
  const done = idle.then(() => {
    isIdle = true;
  });
  for (;;) {
    await Promise.race([done, realDelay(0)]);
    if (isIdle) return;
    advanceTimers();
  }
}
