/**
 * Reads OpenMetrics text with counters, gauges and infos as strictly as the standard's grammar has it, for tests: a line
 * that breaks a rule throws.
 */

export interface MetricFamily {
  name: string;
  type: string;
  unit?: string;
  help?: string;
  samples: { name: string; labels: Record<string, string>; value: number }[];
}

export function parseOpenMetrics(text: string): MetricFamily[] {
  if (!text.endsWith("# EOF\n")) throw new Error("The text has no end.");
  const families: MetricFamily[] = [];
  const lines = text.split("\n").slice(0, -2);
  for (const line of lines) {
    const [, what, name, rest] =
      /^# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line) ?? [];
    if (what === undefined || name === undefined || rest === undefined) {
      addSample(families.at(-1), line);
    } else if (what === "TYPE") {
      if (families.some((family) => family.name === name)) {
        throw new Error(`${name} comes twice.`);
      }
      families.push({ name, type: rest, samples: [] });
    } else {
      describe(families.at(-1), { line, what, name, rest });
    }
  }
  return families;
}

/** The value of the one sample that has these labels. */
export function valueOf(
  families: MetricFamily[],
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const wanted = Object.entries(labels);
  const found = families
    .flatMap(({ samples }) => samples)
    .filter((sample) => sample.name === name)
    .filter((sample) =>
      wanted.every(([label, value]) => sample.labels[label] === value),
    );
  if (found.length > 1) throw new Error(`${name} is not one sample.`);
  return found[0]?.value;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const SUFFIXES: Record<string, string> = {
  counter: "_total",
  gauge: "",
  info: "_info",
};
const VALUE = /^-?(\d+(\.\d+)?)(e[+-]?\d+)?$/;

function describe(
  family: MetricFamily | undefined,
  of: { line: string; what: string; name: string; rest: string },
): void {
  const { line, what, name, rest } = of;
  if (family?.name !== name || family.samples.length > 0) {
    throw new Error(`Out of place: ${line}`);
  }
  if (what === "HELP") {
    family.help = unescaped(rest);
    return;
  }
  if (!name.endsWith(`_${rest}`)) throw new Error(`No such unit: ${line}`);
  family.unit = rest;
}

function addSample(family: MetricFamily | undefined, line: string): void {
  const [, name = "", , labelText = "", value = ""] =
    /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(.*)\})? (\S+)$/.exec(line) ?? [];
  const suffix = SUFFIXES[family?.type ?? ""];
  if (family === undefined || suffix === undefined || !VALUE.test(value)) {
    throw new Error(`Not OpenMetrics: ${line}`);
  }
  if (name !== `${family.name}${suffix}`) {
    throw new Error(`Not a sample of ${family.name}: ${line}`);
  }
  const labels = labelsOf(labelText, line);
  const key = JSON.stringify(Object.entries(labels).sort());
  const isTwice = family.samples.some(
    (sample) => JSON.stringify(Object.entries(sample.labels).sort()) === key,
  );
  if (isTwice) throw new Error(`Comes twice: ${line}`);
  family.samples.push({ name, labels, value: Number(value) });
}

function labelsOf(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;
  while (label.lastIndex < text.length) {
    const [, name, value] = label.exec(text) ?? [];
    if (name === undefined || value === undefined || name in labels) {
      throw new Error(`Not labels: ${line}`);
    }
    labels[name] = unescaped(value);
  }
  return labels;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, char: string) =>
    char === "n" ? "\n" : char,
  );
}
