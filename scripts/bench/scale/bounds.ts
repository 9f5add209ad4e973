import Table from "cli-table3";

/** A bound of the bench and what was measured. */
export interface Bound {
  what: string;
  /** The bound in words; without one, the row is there to be read. */
  bound: string;
  measured: string;
  isKept: boolean | null;
}

export function atMost(
  what: string,
  value: number,
  most: number,
  unit: string,
): Bound {
  return {
    what,
    bound: `at most ${format(most)} ${unit}`,
    measured: `${format(value)} ${unit}`,
    isKept: value <= most,
  };
}

export function exactly(what: string, value: number, wanted: number): Bound {
  return {
    what,
    bound: `exactly ${format(wanted)}`,
    measured: format(value),
    isKept: value === wanted,
  };
}

export function toldOnly(what: string, measured: string): Bound {
  return { what, bound: "", measured, isKept: null };
}

/** Prints all bounds as a table. @returns whether all are kept */
export function printBounds(bounds: readonly Bound[]): boolean {
  const table = new Table({
    head: ["", "bound", "measured", ""],
    style: { head: [], border: [], compact: true },
  });
  for (const { what, bound, measured, isKept } of bounds) {
    table.push([what, bound, measured, mark(isKept)]);
  }
  process.stdout.write(`${table.toString()}\n`);
  return bounds.every(({ isKept }) => isKept !== false);
}

export function format(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : 2;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

function mark(isKept: boolean | null): string {
  if (isKept === null) return "";
  return isKept ? "ok" : "NOT";
}
