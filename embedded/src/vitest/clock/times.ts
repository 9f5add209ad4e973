import { TestDeploymentError } from "../errors.js";

/** A moment: milliseconds since the epoch, a date, or text such as `2026-03-01T12:00:00Z`. */
export type Moment = number | Date | string;

/** A length of time: milliseconds, or text such as `30d`, `1h30m` or `90s`. */
export type Duration = number | string;

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};
const PART = /(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)/g;
const WHOLE = /^\s*(?:\d+(?:\.\d+)?\s*(?:ms|s|m|h|d|w)\s*)+$/;

/** @throws TestDeploymentError "invalidTime" */
export function toMs(duration: Duration): number {
  const ms =
    typeof duration === "number"
      ? duration
      : WHOLE.test(duration)
        ? [...duration.matchAll(PART)].reduce(
            (sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!,
            0,
          )
        : NaN;
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw new TestDeploymentError(
    "invalidTime",
    `${typeof duration === "string" ? JSON.stringify(duration) : String(duration)} is no length of time. Give milliseconds, or text with the units w, d, h, m, s and ms, such as "30d" or "1h30m".`,
  );
}

/** @throws TestDeploymentError "invalidTime" */
export function toMoment(moment: Moment): number {
  const ms = new Date(moment).getTime();
  if (ms >= EARLIEST_MS) return ms;
  throw new TestDeploymentError(
    "invalidTime",
    `${String(moment)} is no moment that a deployment's clock can show. Give a date from ${new Date(EARLIEST_MS).toISOString()} on, as milliseconds, a Date or ISO 8601 text.`,
  );
}

/** When the app was pushed, by the clock of the deployment that tests begin with a copy of. */
export const PUSHED_MS = Date.UTC(2000, 0, 1);

/** The push took a while. */
const EARLIEST_MS = PUSHED_MS + 86_400_000;
