import { vi } from "vitest";

interface Deployment {
  finishInProgressScheduledFunctions: () => Promise<void>;
}

/**
 * Moves the fake clock on by `ms`. Each scheduled function that falls due runs to its end at its own time, before
 * the next timer fires; so do the functions that it schedules itself.
 */
export async function advance(t: Deployment, ms: number): Promise<void> {
  let arrived = false;
  setTimeout(() => {
    arrived = true;
  }, ms);
  while (!arrived) await step(t);
}

/** Moves the clock to the next timer only. */
export async function step(t: Deployment): Promise<void> {
  vi.advanceTimersToNextTimer();
  await t.finishInProgressScheduledFunctions();
}
