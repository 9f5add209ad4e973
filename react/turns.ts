import type { Page } from "./page.js";

/** Without Web Locks, tabs that wake together take their turns within this time. */
const STAGGER_MS = 500;

/**
 * Returns what does the work: one tab of the browser at a time, and once more where it is called
 * meanwhile. The lock is held for the work, not for a tab's life: a tab that crashes leaves nothing
 * behind, and one that holds no lock may enter the back/forward cache.
 */
export function takingTurns(
  page: Page,
  name: string,
  work: () => Promise<void>,
  done: () => void,
): () => Promise<void> {
  let last = Promise.resolve();
  let next: Promise<void> | undefined;

  const unlocked = async () => {
    const wait = page.Math.random() * STAGGER_MS;
    await new Promise((resolve) => page.setTimeout(resolve, wait));
    await work();
  };

  const alone = async () => {
    next = undefined;
    const { locks } = page.navigator as { locks?: LockManager };
    // A sandboxed page may have locks and be refused them.
    await (locks?.request(name, work).catch(unlocked) ?? unlocked());
  };

  return () => (next ??= last = last.then(alone).then(done, done));
}
