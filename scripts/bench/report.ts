/** One measured figure, with the bound it must keep or the baseline it is compared with. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  bound?: { atLeast?: number; atMost?: number };
  baseline?: { name: string; value: number };
}

/** Prints the figure as it is measured. */
export function report(
  name: string,
  value: number,
  unit: string,
  bound: { atLeast?: number; atMost?: number } = {},
  baseline?: { name: string; value: number },
): Figure {
  const figure: Figure = {
    name,
    value,
    unit,
    bound,
    ...(baseline === undefined ? {} : { baseline }),
  };
  process.stdout.write(`${describe(figure)}\n`);
  return figure;
}

export function keepsBound({ value, bound }: Figure): boolean {
  return (
    value >= (bound?.atLeast ?? -Infinity) &&
    value <= (bound?.atMost ?? Infinity)
  );
}

function describe(figure: Figure): string {
  const { name, value, unit, bound, baseline } = figure;
  const parts = [`${name.padEnd(58)} ${format(value)} ${unit}`];
  if (bound?.atLeast !== undefined) {
    parts.push(`(at least ${format(bound.atLeast)})`);
  }
  if (bound?.atMost !== undefined) {
    parts.push(`(at most ${format(bound.atMost)})`);
  }
  if (baseline !== undefined) {
    parts.push(`— ${baseline.name}: ${format(baseline.value)} ${unit}`);
  }
  if (!keepsBound(figure)) parts.push("MISSED");
  return parts.join(" ");
}

function format(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : 2;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}
