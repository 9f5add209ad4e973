import { STAGGER_MS, STEP_MS, STEPS } from "./limits.js";
import { pause } from "./page.js";

/**
 * Returns what does the work, to be awaited where its end matters: one tab of the browser at a time, and once more where it is called
 * meanwhile. The lock is held for the work, not for a tab's life: a tab that crashes leaves nothing
 * behind, and one that holds no lock may enter the back/forward cache. A tab that is suspended keeps
 * it, so nobody waits for long: what must not be done twice is claimed in the store besides.
 */
export function takingTurns(
  name: string,
  work: () => Promise<void>,
  done: () => void,
): () => unknown {
  let last = Promise.resolve();
  let next: Promise<void> | undefined;
  /** The lock was asked for and has not come. */
  let isWaiting = false;

  const alone = async () => {
    next = undefined;
    let run: Promise<void> | undefined;
    const go = () => (run ??= work());
    const locks = navigator.locks as LockManager | undefined;
    if (locks && !isWaiting) {
      isWaiting = true;
      let steps = STEPS;
      const mine = locks
        .request(name, () => {
          isWaiting = false;
          return go();
        })
        // A sandboxed page may have locks and be refused them, then and ever after.
        .catch(() => (steps = 0));
      while (isWaiting && steps--) await Promise.race([mine, pause(STEP_MS)]);
    }
    if (!run) await pause(Math.random() * STAGGER_MS);
    await go();
  };

  return () => (next ??= last = last.then(alone).then(done, done));
}
