/** Options that the axes of all charts share. */

const TICKS = {
  tickLine: false,
  // Without this the ticks have the colour of the axis, which is faint.
  tick: { fill: "var(--muted)" },
};

/** The top margin is room for the label of a bar that reaches the top. */
export const CHART_MARGIN = { top: 20, right: 8, left: -12 };

export const X_AXIS = { ...TICKS, stroke: "var(--line)" };

const compact = new Intl.NumberFormat("en", { notation: "compact" });

/** The count in short: "4K" */
export function compactText(count: number): string {
  return compact.format(count);
}

/** An axis of whole numbers, from none on. */
export const COUNT_AXIS = {
  ...TICKS,
  axisLine: false,
  allowDecimals: false,
  tickFormatter: compactText,
  domain: [0, "auto"] as [number, "auto"],
};
