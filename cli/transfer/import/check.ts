import type { CliContext } from "../../context.js";
import { note } from "../../terminal/output.js";
import { countOf, formatNumber } from "../../terminal/words.js";
import { shortened } from "../../terminal/wrap.js";
import { printable } from "../../terminal/printable.js";
import type { ReadingOptions } from "./fields.js";
import { parseLine } from "./parseRow.js";
import type { NumberedRow } from "./batches.js";
import { VISIT_FIELDS } from "./parseVisits.js";
import type { Source } from "./textLines.js";
import type { Day } from "../../../convex/sessionTracker/shared/days.js";

export interface Reading extends Omit<ReadingOptions, "onUnknown"> {
  fromLine: number;
}

export interface Checked {
  rows: number;
  invalid: number;
  /** Rows last active before the cutoff of the retention. */
  older: number;
  /** The figures of days, the highest of each field where a day has several lines. */
  days: Map<string, Day>;
}

/** The most invalid lines that are shown one by one; the others are counted. */
const MAX_SHOWN = 20;

/** Reads the valid rows from a line on. Errors of the others go to `onInvalid`. */
export async function* readRows(
  source: Source,
  { fromLine, ...reading }: Reading,
  heard: {
    onLine?: () => void;
    onInvalid?: (line: number, problem: string) => void;
    onUnknown?: (name: string, line: number) => void;
    onDay?: (day: Day) => void;
  } = {},
): AsyncGenerator<NumberedRow> {
  for await (const { line, text } of source.lines()) {
    if (line < fromLine) continue;
    heard.onLine?.();
    const { onUnknown } = heard;
    const parsed = parseLine(text, {
      ...reading,
      ...(onUnknown && { onUnknown: (name) => onUnknown(name, line) }),
    });
    if (!parsed.ok) heard.onInvalid?.(line, parsed.problem + whose(text));
    else if ("day" in parsed) heard.onDay?.(parsed.day);
    else if ("row" in parsed) {
      yield { line, size: text.length, row: parsed.row };
    }
  }
}

/**
 * The session that a line belongs to, where nobody has a file in which to look at it: a line of a
 * backup's tables, or of an archive.
 */
function whose(text: string): string {
  const sessionId = /^\{"sessionId":"([^"]+)"/.exec(text)?.[1];
  return sessionId === undefined ? "" : ` (session ${sessionId})`;
}

/** Reads the source once before anything is written. Keeps nothing but counts and the figures of days. */
export async function checkSource(
  context: CliContext,
  source: Source,
  { cutoff, ...reading }: Reading & { cutoff: number | null },
): Promise<Checked> {
  const checked: Checked = {
    rows: 0,
    invalid: 0,
    older: 0,
    days: new Map(),
  };
  const unknown = new UnknownFields();
  let lines = 0;
  const onInvalid = (line: number, problem: string): void => {
    checked.invalid += 1;
    if (checked.invalid <= MAX_SHOWN) note(context, `line ${line}: ${problem}`);
  };
  const heard = {
    onLine: () => (lines += 1),
    onInvalid,
    onUnknown: unknown.add,
    onDay: (day: Day) => {
      checked.days.set(day.day, higher(day, checked.days.get(day.day)));
    },
  };
  for await (const { row } of readRows(source, reading, heard)) {
    checked.rows += 1;
    if (cutoff !== null && row.lastActive < cutoff) checked.older += 1;
  }
  if (checked.invalid > MAX_SHOWN) {
    note(context, `and ${checked.invalid - MAX_SHOWN} more invalid lines`);
  }
  if (lines === 0) {
    const from =
      reading.fromLine > 1 ? ` from line ${reading.fromLine} on` : "";
    note(context, `There is nothing in ${source.name}${from}.`);
  }
  unknown.report(context);
  return checked;
}

/** The most names that are told apart; a file may have as many as it has lines. */
const MAX_NAMES = 100;
const MAX_NAMES_SHOWN = 10;
/** The characters of a name that are shown. */
const MAX_NAME = 40;

/** Fields that the import leaves out, by name: a misspelt one would else be lost without a word. */
class UnknownFields {
  readonly #byName = new Map<string, { lines: number; last: number }>();
  #hasMore = false;

  /** Adds a field; that of an action counts once a line. */
  readonly add = (name: string, line: number): void => {
    const seen = this.#byName.get(name);
    if (seen === undefined) {
      if (this.#byName.size === MAX_NAMES) this.#hasMore = true;
      else this.#byName.set(name, { lines: 1, last: line });
    } else if (seen.last !== line) {
      seen.lines += 1;
      seen.last = line;
    }
  };

  report(context: CliContext): void {
    if (this.#byName.size === 0) return;
    const names = [...this.#byName].sort(([, a], [, b]) => b.lines - a.lines);
    const shown = names
      .slice(0, MAX_NAMES_SHOWN)
      .map(
        ([name, { lines }]) =>
          `${printable(shortened(name, MAX_NAME))} (${countOf(lines, "line")})`,
      );
    const others = names.length - shown.length;
    const more =
      others === 0
        ? ""
        : ` and ${formatNumber(others)}${this.#hasMore ? " or more" : ""} others`;
    note(
      context,
      `Fields that are not imported: ${shown.join(", ")}${more}. An import takes anonymousId, createdAt, lastActive, visits, ended, blockedUntil, userId, ${VISIT_FIELDS.join(", ")} and actions.`,
    );
  }
}

function higher(a: Day, b: Day = a): Day {
  return {
    day: a.day,
    newVisitors: Math.max(a.newVisitors, b.newVisitors),
    visits: Math.max(a.visits, b.visits),
    bounces: Math.max(a.bounces, b.bounces),
    engagedMs: Math.max(a.engagedMs, b.engagedMs),
    actions: Math.max(a.actions, b.actions),
  };
}
