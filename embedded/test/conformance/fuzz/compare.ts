import { inspect } from "node:util";
import type { Told } from "./canonical.js";
import type { Engine } from "./engines.js";
import { openEmbedded, openMock } from "./engines.js";
import type { Memory } from "./interpret.js";
import { isKnown } from "./knownDifferences.js";
import type { Program } from "./programs/program.js";

/** The first disagreement of two engines. */
export interface Disagreement {
  /** Index of the step in which they disagree. */
  readonly step: number;
  readonly text: string;
}

/** Number of index ranges that were read, and of those with a document in them. */
export interface RangeCounts {
  asked: number;
  met: number;
}

/** Runs a program on both engines, step by step; undefined if they agree to the end. */
export async function compare(
  program: Program,
  counts: RangeCounts = { asked: 0, met: 0 },
): Promise<Disagreement | undefined> {
  const mock = openMock(program.schema);
  const embedded = openEmbedded(program.schema);
  for (const [index, step] of program.steps.entries()) {
    const expected = await mock.run(step);
    const actual = await embedded.run(step);
    const text = difference(expected, actual, mock, embedded);
    if (text !== undefined) return { step: index, text };
    actual.forEach((one) => count(counts, one));
  }
  return undefined;
}

function difference(
  expected: Told[],
  actual: Told[],
  mock: Engine,
  embedded: Engine,
): string | undefined {
  for (let at = 0; at < Math.max(expected.length, actual.length); at += 1) {
    const [wanted, got] = [expected[at], actual[at]];
    if (wanted === undefined || got === undefined) {
      return [wanted, got]
        .map((one) => one && `${show(one.op)} ${told(one)}`)
        .join(" against ");
    }
    if (!isSame(wanted, got) && !isKnown(wanted, got)) {
      return `${show(wanted.op)}\n  convex-test: ${told(wanted)}\n  embedded:    ${told(got)}`;
    }
    if (
      wanted.op.kind === "page" &&
      (wanted.isDone !== got.isDone || wanted.op.until !== undefined)
    ) {
      forget(wanted.op.page, mock.memory, embedded.memory);
    }
  }
  return undefined;
}

function count(counts: RangeCounts, { op, value, rows }: Told): void {
  if (value === undefined || (op.kind !== "query" && op.kind !== "page"))
    return;
  if (op.query.range.length === 0) return;
  counts.asked += 1;
  const isEmpty = rows === 0 || value === "[]" || value === "null";
  if (!isEmpty) counts.met += 1;
}

function isSame(a: Told, b: Told): boolean {
  return (
    a.value === b.value &&
    a.isDone === b.isDone &&
    a.threw?.kind === b.threw?.kind &&
    a.threw?.data === b.threw?.data
  );
}

/** Forgets a page that ended at different places, so that no operation goes on from it. */
function forget(page: number, ...memories: Memory[]): void {
  for (const { cursors } of memories) cursors.delete(page);
}

function told({ value, threw, isDone }: Told): string {
  if (threw !== undefined) return `threw ${threw.kind} ${threw.data ?? ""}`;
  return `${value ?? "nothing yet"}${isDone === undefined ? "" : `, isDone ${isDone}`}`;
}

export function show(value: unknown): string {
  return inspect(value, { depth: null, breakLength: 120 });
}
