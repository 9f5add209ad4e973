/** The text format of OpenMetrics 1.0, as far as counters, gauges and infos need it. */

/** What a scraper is told that the text is. */
export const CONTENT_TYPE =
  "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** A family of metrics: the samples of one name. */
export interface Family {
  /** Ends with its unit, where it has one; without `_total` and `_info`, which its samples get. */
  name: string;
  type: "counter" | "gauge" | "info";
  unit?: "seconds";
  help: string;
  samples: Sample[];
}

export interface Sample {
  labels?: Record<string, string>;
  value: number;
}

/** A family without samples is named all the same, so that a scraper knows of it. */
export function openMetricsText(families: readonly Family[]): string {
  return [...families.flatMap(linesOf), "# EOF", ""].join("\n");
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const SUFFIXES = { counter: "_total", gauge: "", info: "_info" };

function linesOf({ name, type, unit, help, samples }: Family): string[] {
  return [
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escaped(help)}`,
    ...samples.map(
      ({ labels = {}, value }) =>
        `${name}${SUFFIXES[type]}${labelsText(labels)} ${value}`,
    ),
  ];
}

function labelsText(labels: Record<string, string>): string {
  const pairs = Object.entries(labels);
  if (pairs.length === 0) return "";
  const text = pairs.map(([label, value]) => `${label}="${escaped(value)}"`);
  return `{${text.join(",")}}`;
}

function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n")
    .replaceAll('"', '\\"');
}
