import { STAGGER_MS, STEP_MS, STEPS } from "./limits.js";
import { pause, type Page } from "./page.js";

/**
 * Returns what does the work, to be awaited where its end matters: one tab of the browser at a time, and once more where it is called
 * meanwhile. The lock is held for the work, not for a tab's life: a tab that crashes leaves nothing
 * behind, and one that holds no lock may enter the back/forward cache. A tab that is suspended keeps
 * it, so nobody waits for long: what must not be done twice is claimed in the store besides.
 */
export function takingTurns(
  page: Page,
  name: string,
  work: () => Promise<void>,
  done: () => void,
): () => unknown {
  let last = Promise.resolve();
  let next: Promise<void> | undefined;
  /** The lock was asked for and has not come. */
  let isWaiting = false;

  const alone = () =>
    new Promise<void>((resolve) => {
      next = undefined;
      let run: Promise<void> | undefined;
      const go = () => (run ??= work().then(resolve, resolve));
      const late = () => pause(page, page.Math.random() * STAGGER_MS).then(go);
      const { locks } = page.navigator as { locks?: LockManager };
      if (!locks || isWaiting) return void late();
      isWaiting = true;
      const mine = () => {
        isWaiting = false;
        return go();
      };
      // A sandboxed page may have locks and be refused them, then and ever after.
      locks.request(name, mine).catch(late);
      let steps = STEPS;
      const step = (): unknown =>
        pause(page, STEP_MS).then(isWaiting && --steps ? step : late);
      step();
    });

  return () => (next ??= last = last.then(alone).then(done, done));
}
