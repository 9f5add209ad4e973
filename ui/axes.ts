/** What the axes of all charts have in common. */

const TICKS = {
  tickLine: false,
  // Else they have the colour of the axis, which is faint.
  tick: { fill: "var(--muted)" },
};

/** Above is room for what stands over a bar that reaches the top. */
export const CHART_MARGIN = { top: 20, right: 8, left: -12 };

export const X_AXIS = { ...TICKS, stroke: "var(--line)" };

const compact = new Intl.NumberFormat("en", { notation: "compact" });

/** "4K" */
export function compactText(count: number): string {
  return compact.format(count);
}

/** Of whole numbers, from none on. */
export const COUNT_AXIS = {
  ...TICKS,
  axisLine: false,
  allowDecimals: false,
  tickFormatter: compactText,
  domain: [0, "auto"] as [number, "auto"],
};
