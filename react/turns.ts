import { pause, type Page } from "./page.js";

/** Without Web Locks, tabs that wake together take their turns within this time. */
const STAGGER_MS = 500;
/**
 * Two seconds for the lock: who has it for longer is waiting for the network, or is a tab in which nothing
 * runs. In steps, since a timer that is overdue tells only that nothing ran in this one.
 */
const STEPS = 40;
const STEP_MS = 50;

/**
 * Returns what does the work: one tab of the browser at a time, and once more where it is called
 * meanwhile. The lock is held for the work, not for a tab's life: a tab that crashes leaves nothing
 * behind, and one that holds no lock may enter the back/forward cache. A tab that is suspended keeps
 * it, so nobody waits for long: what must not be done twice is claimed in the store besides.
 */
export function takingTurns(
  page: Page,
  name: string,
  work: () => Promise<void>,
  done: () => void,
): () => Promise<void> {
  let last = Promise.resolve();
  let next: Promise<void> | undefined;
  /** The lock was asked for and has not come. */
  let isWaiting = false;

  const alone = async () => {
    next = undefined;
    const { locks } = page.navigator as { locks?: LockManager };
    let free!: () => void;
    const held = new Promise<void>((resolve) => (free = resolve));
    if (!locks || isWaiting) await stagger();
    else {
      await new Promise<void>((resolve) => {
        isWaiting = true;
        const mine = () => {
          isWaiting = false;
          resolve();
          return held;
        };
        // A sandboxed page may have locks and be refused them, then and ever after.
        locks.request(name, mine).catch(() => stagger().then(resolve));
        void patience().then(stagger).then(resolve);
      });
    }
    await work().finally(free);
  };

  const stagger = () => pause(page, page.Math.random() * STAGGER_MS);

  const patience = async () => {
    for (let n = 0; isWaiting && n < STEPS; n += 1) await pause(page, STEP_MS);
  };

  return () => (next ??= last = last.then(alone).then(done, done));
}
