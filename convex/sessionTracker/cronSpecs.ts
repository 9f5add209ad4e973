/** Reading cron specs with the parser that `@convex-dev/crons` uses, so that a preview is the truth. */
import parser from "cron-parser";

export interface CronSpec {
  spec: string;
  timeZone: string;
}

export interface SpecProblem {
  field: "spec" | "timeZone";
  message: string;
}

/**
 * What is wrong with a spec, or `null`. The parser itself takes an empty spec for "every minute",
 * fills in missing fields, and fails on a bad zone only with a message about timestamps.
 */
export function specProblem({ spec, timeZone }: CronSpec): SpecProblem | null {
  const fields = spec.trim().split(/\s+/).filter(Boolean);
  if (fields.length !== 5 && fields.length !== 6) {
    return {
      field: "spec",
      message: `A cron spec has five fields (minute hour day month weekday) or six (second first), got ${fields.length} in ${JSON.stringify(spec)}.`,
    };
  }
  if (!isTimeZone(timeZone)) {
    return {
      field: "timeZone",
      message: `${JSON.stringify(timeZone)} is not an IANA time zone such as "UTC" or "Europe/Berlin".`,
    };
  }
  try {
    const { second } = parser.parseExpression(spec, { tz: timeZone }).fields;
    if (second.length > 1) {
      return {
        field: "spec",
        message: `${JSON.stringify(spec)} fires more than once a minute; name one second.`,
      };
    }
    nextFires({ spec, timeZone }, Date.now(), 1);
  } catch (error) {
    return {
      field: "spec",
      message: `${JSON.stringify(spec)} is not a cron spec: ${String(error)}`,
    };
  }
  return null;
}

/** The next fires after `from`, in ms since the epoch. */
export function nextFires(
  { spec, timeZone }: CronSpec,
  from: number,
  count: number,
): number[] {
  const cron = parser.parseExpression(spec, {
    currentDate: new Date(from),
    tz: timeZone,
  });
  return Array.from({ length: count }, () => cron.next().getTime());
}

/** The last fire at or before `now`. */
export function lastFire({ spec, timeZone }: CronSpec, now: number): number {
  // The parser's `prev` is strictly before.
  const cron = parser.parseExpression(spec, {
    currentDate: new Date(now + 1),
    tz: timeZone,
  });
  return cron.prev().getTime();
}

function isTimeZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
