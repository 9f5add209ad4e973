/** The options that say what a schedule has beside its spec: jitter, window, pause on failure. */
import { InvalidArgumentError } from "commander";
import type { ScheduleWindow } from "../../convex/sessionTracker/shared/schedules.js";
import { DAY_MS } from "../../convex/sessionTracker/shared/times.js";
import { readDuration } from "../time/time.js";
import { Option } from "./commander.js";
import { orWord, reader, wholeNumber } from "./values.js";

/** Takes away what a schedule has. Not `null`, which commander takes for an option without a value. */
export const NONE = "none";
export type OrNone<Value> = Value | typeof NONE;

export function jitter() {
  return new Option(
    "--jitter <time>",
    `fire up to so much later than due, as in 10m; "${NONE}" takes it away`,
  ).argParser(
    orWord(NONE, reader("a time from 1s to 1d, such as 10m", readJitter)),
  );
}

export function window() {
  return new Option(
    "--window <from-to>",
    `let its runs work only in this part of each day, by the clocks of its zone, as in 01:00-05:00; "${NONE}" takes it away`,
  ).argParser(
    orWord(
      NONE,
      reader(
        "two times of the day, as in 01:00-05:00 or 22:00-04:00",
        readWindow,
      ),
    ),
  );
}

export function pauseOnFailure() {
  return new Option(
    "--pause-on-failure <n>",
    `pause after so many failed runs in a row; "${NONE}" takes it away`,
  ).argParser(orWord(NONE, wholeNumber(1)));
}

/** Whether a run keeps to its schedule's window. */
export function inWindow() {
  return new Option(
    "--in-window",
    "work only in the window of its schedule; without a terminal the command ends while the run waits for it",
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function readJitter(text: string): number | null {
  const jitterMs = readDuration(text);
  const isTaken = jitterMs !== null && jitterMs >= 1_000 && jitterMs <= DAY_MS;
  return isTaken ? jitterMs : null;
}

const TIME = "(\\d|[01]\\d|2[0-3]):[0-5]\\d|24:00";
const WINDOW = new RegExp(`^(?<opens>${TIME})-(?<closes>${TIME})$`);

function readWindow(text: string): ScheduleWindow | null {
  const { opens, closes } = WINDOW.exec(text)?.groups ?? {};
  if (opens === undefined || closes === undefined) return null;
  const window = { opens: twoDigits(opens), closes: twoDigits(closes) };
  if (window.opens !== window.closes) return window;
  throw new InvalidArgumentError(
    `It opens when it closes: --window ${NONE} lets runs work all day.`,
  );
}

/** A day ends as the next one begins. */
function twoDigits(time: string): string {
  return time === "24:00" ? "00:00" : time.padStart(5, "0");
}
