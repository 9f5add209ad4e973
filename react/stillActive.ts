import type { ActiveSession } from "../client/index.js";

/** When each answer was seen first, on the page's own clock: other components may be given it later. */
const firstSeen = new WeakMap<ActiveSession[], number>();

/**
 * Those of an answer whose window has not passed, and in how many milliseconds the next one's will have.
 * Counted from the ages that the deployment gave them: the clock of the browser may be another.
 * @param now as `performance.now()` has it
 */
export function stillActive(
  answer: ActiveSession[] | undefined,
  windowMs: number,
  now: number,
): { sessions: ActiveSession[] | undefined; nextInMs: number } {
  if (!answer) return { sessions: answer, nextInMs: Infinity };
  const seenAt = firstSeen.get(answer) ?? now;
  firstSeen.set(answer, seenAt);
  let nextInMs = Infinity;
  const sessions = answer.filter(({ inactiveForMs }) => {
    const leftMs = windowMs - inactiveForMs - (now - seenAt);
    if (leftMs <= 0) return false;
    // An app's own function may not say it; then the answer stands.
    if (leftMs < nextInMs) nextInMs = leftMs;
    return true;
  });
  const isWhole = sessions.length === answer.length;
  return { sessions: isWhole ? answer : sessions, nextInMs };
}
