/** `docs/metrics.md` has each metric that a scraper is given, and says of it what the scraper is told. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { metricsText } from "../../convex/sessionTracker/shared/metrics/metricsText.js";
import { parseOpenMetrics } from "../metrics/openMetrics.js";
import { ALL_FIGURES } from "../metrics/allFigures.js";

test("the page has a row for each metric, with its labels and its help", () => {
  const page = readFileSync(
    new URL("../../docs/metrics.md", import.meta.url),
    "utf8",
  );
  const rows = page
    .split("\n")
    .filter((line) => line.startsWith("| `sessions_ops_"))
    .map((line) => line.split("|").map((cell) => cell.trim()));
  expect(
    rows.map(([, name, labels, help]) => ({ name, labels, help })),
  ).toEqual(
    parseOpenMetrics(metricsText(ALL_FIGURES)).map(({ help, samples }) => ({
      name: `\`${samples[0]?.name}\``,
      labels: Object.keys(samples[0]?.labels ?? {})
        .map((label) => `\`${label}\``)
        .join(", "),
      help,
    })),
  );
});
