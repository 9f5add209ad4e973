import {
  LATE_MS,
  LEAST_REST_MS,
  LONGEST_TICK_MS,
  MOMENT_MS,
  TICK_MS,
} from "./limits.js";
import type { VisitReport } from "./options.js";
import type { Store } from "./store.js";

/**
 * Counts how long somebody was there in the visit under way, by the page's own clock: from when the deployment
 * has named the visit. Tabs that are in view side by side each count what none has since the last of them did.
 * So a moment counts once, and no tab is the one that counts, which could crash, hang or be suspended; two that
 * write at once write the same.
 *
 * Returns functions, whose names are shortened in the app's build as those of a method are not.
 * @param key of what the tabs share, four numbers: when the visit started, as the deployment named it, its
 * engaged time in ms, until when that is counted, by the clock, and how much of it was sent
 * @param isEngaged whether somebody is there now
 * @param leave is called when nobody has been there for a moment
 */
export function createEngagement(
  store: Store,
  key: string,
  isEngaged: () => unknown,
  leave: () => void,
) {
  let isOn: unknown;
  /** The page's age when it counted last, while it is on. */
  let countedAt: number;
  /** What was stored then. */
  let seen: string | undefined;
  /** When this tab wrote last, by the clock. */
  let wroteAt = 0;
  let timer: ReturnType<typeof setTimeout>;

  /** All are no numbers where nothing is stored yet, or what others have put there. */
  const read = () =>
    `${store.get(key)}`.split(" ").map(Number) as [
      startedAt: number,
      engagedMs: number,
      at: number,
      sentMs: number,
    ];
  const write = (...counted: ReturnType<typeof read>) => {
    wroteAt = counted[2];
    store.set(key, (seen = counted.join(" ")));
  };

  /** What another tab has counted since, it tells. */
  const isAlone = () => seen === store.get(key);

  /** Counts until now, and goes on while somebody is there. */
  const count = (isLeaving?: boolean) => {
    const wasOn = isOn;
    isOn = !isLeaving && isEngaged();
    if (!wasOn && !isOn) return;
    const age = performance.now();
    const now = Date.now();
    const [startedAt, engagedMs, at, sentMs] = read();
    if (!wasOn) {
      seen = store.get(key);
      countedAt = age;
    } else if (startedAt && (isOn || isAlone())) {
      const passed = age - countedAt;
      const ms = Math.min(
        // Nobody was there while nothing ran.
        passed > LONGEST_TICK_MS
          ? 0
          : // Another tab that wrote at the same moment has undone what this one counted then.
            passed + Math.max(0, wroteAt - at),
        // Where the clock was set back, what others have counted is not known.
        Math.abs(now - at),
      );
      write(startedAt, Math.round(engagedMs + ms), now, sentMs);
      countedAt = age;
    }
    clearTimeout(timer);
    timer = isOn ? setTimeout(count, TICK_MS) : setTimeout(leave, MOMENT_MS);
  };

  /** What is counted from now on is of another visit, or visitor. */
  const clear = () => (isOn = store.set(key));

  /**
   * Whether there is something that was not sent, and that no other tab will send. Not where the machine slept
   * since, when the visit is over and the call would begin another: the next heartbeat brings it.
   */
  const isRestOurs = () => {
    const [, engagedMs, at, sentMs] = read();
    return (
      engagedMs - sentMs >= LEAST_REST_MS &&
      Date.now() - at < LATE_MS &&
      isAlone()
    );
  };

  /** All that was counted, to be sent. */
  const take = (): VisitReport | undefined => {
    const [startedAt, engagedMs, at] = read();
    if (!startedAt) return;
    write(startedAt, engagedMs, at, engagedMs);
    return { startedAt, engagedMs };
  };

  /**
   * Where the visit that the deployment names is another, what was sent was of the one before. Where it has
   * written nothing, all is to be sent again.
   */
  const hear = (named: number, state?: string) => {
    const [startedAt, engagedMs, at, sentMs] = read();
    if (named > (startedAt || 0)) write(named, engagedMs - sentMs || 0, 0, 0);
    else if (state === "unchanged") write(startedAt, engagedMs, at, 0);
  };

  return [count, clear, isRestOurs, take, hear] as const;
}
