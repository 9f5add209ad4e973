import Table from "cli-table3";

/** What a figure is compared with, in its unit and from the same run. */
export interface Baseline {
  name: string;
  value: number;
}

/** One measured figure, with the bound it must keep and the baselines it is compared with. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  bound?: { atLeast?: number; atMost?: number };
  baselines: readonly Baseline[];
}

/** Prints the figure as it is measured. */
export function report(
  name: string,
  value: number,
  unit: string,
  bound: { atLeast?: number; atMost?: number } = {},
  ...baselines: readonly Baseline[]
): Figure {
  const figure: Figure = { name, value, unit, bound, baselines };
  process.stdout.write(`${describe(figure)}\n`);
  return figure;
}

export function keepsBound({ value, bound }: Figure): boolean {
  return (
    value >= (bound?.atLeast ?? -Infinity) &&
    value <= (bound?.atMost ?? Infinity)
  );
}

/** Prints the figures that were measured under each of two Nodes, side by side. */
export function printSideBySide(
  columns: readonly { name: string; figures: readonly Figure[] }[],
): void {
  const [first, second] = columns;
  if (first === undefined || second === undefined) return;
  const table = new Table({
    head: ["", first.name, second.name, ""],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, unit, value } of second.figures) {
    const beside = first.figures.find((figure) => figure.name === name);
    if (beside === undefined) continue;
    table.push([name, format(beside.value), format(value), unit]);
  }
  process.stdout.write(`${table.toString()}\n`);
}

function describe(figure: Figure): string {
  const { name, value, unit, bound, baselines } = figure;
  const parts = [`${name.padEnd(58)} ${format(value)} ${unit}`];
  if (bound?.atLeast !== undefined) {
    parts.push(`(at least ${format(bound.atLeast)})`);
  }
  if (bound?.atMost !== undefined) {
    parts.push(`(at most ${format(bound.atMost)})`);
  }
  for (const baseline of baselines) {
    parts.push(`— ${baseline.name}: ${format(baseline.value)} ${unit}`);
  }
  if (!keepsBound(figure)) parts.push("MISSED");
  return parts.join(" ");
}

function format(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : 2;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}
