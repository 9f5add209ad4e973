/** The figures of days and sources for people. */
import { MAX_SOURCE_ROWS } from "../../convex/sessionTracker/shared/limits.js";
import type { FiguresJson, SourceJson, StatsJson } from "../json/stats.js";
import { formatTable } from "../terminal/table.js";
import { countOf, formatNumber } from "../terminal/words.js";
import { shortened, wrap } from "../terminal/wrap.js";
import { formatShortDuration, formatTime } from "../time/time.js";

/** The sources that are shown; `--json` has all. */
const MAX_SOURCES = 15;
/** The characters of a source that its row shows. */
const MAX_SOURCE = 30;

export function statsText(stats: StatsJson, width?: number): string {
  const sentences = sourcesSentences(stats).map((sentence) =>
    wrap(sentence, width ?? Infinity, 0),
  );
  return [
    dayTable(stats, width),
    "",
    ...(stats.sources.length === 0
      ? []
      : [sourceTable(stats.sources.slice(0, MAX_SOURCES), width), ""]),
    ...sentences,
  ].join("\n");
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function dayTable({ days, total }: StatsJson, width?: number): string {
  const cells = (label: string, figures: FiguresJson) => [
    label,
    formatNumber(figures.newVisitors),
    formatNumber(figures.visits),
    ...shares(figures),
    formatShortDuration(figures.engagedMs),
    formatNumber(figures.actions),
  ];
  return formatTable(
    ["DAY", "NEW", "VISITS", "BOUNCED", "PER VISIT", "ENGAGED", "ACTIONS"],
    [
      ...days.map(({ day, isOver, ...figures }) =>
        cells(isOver ? day : `${day} so far`, figures),
      ),
      cells(countOf(days.length, "day"), total),
    ],
    width,
  );
}

function sourceTable(sources: SourceJson[], width?: number): string {
  return formatTable(
    ["SOURCE", "VISITS", "BOUNCED", "PER VISIT", "ENGAGED", "UNDER WAY"],
    sources.map((source) => [
      shortened(source.source, MAX_SOURCE),
      formatNumber(source.visits),
      ...shares(source),
      formatShortDuration(source.engagedMs),
      formatNumber(source.underWay),
    ]),
    width,
  );
}

function shares({
  bounceRate,
  engagedMsPerVisit,
}: Pick<FiguresJson, "bounceRate" | "engagedMsPerVisit">): string[] {
  return [
    bounceRate === null ? "-" : `${Math.round(bounceRate * 100)}%`,
    engagedMsPerVisit === null ? "-" : formatShortDuration(engagedMsPerVisit),
  ];
}

function sourcesSentences({ sources, sourcesOnlyAfter }: StatsJson): string[] {
  const more = sources.length - MAX_SOURCES;
  return [
    ...(more > 0
      ? [`And ${countOf(more, "more source")}: \`--json\` has all.`]
      : []),
    sources.length === 0
      ? "No visit of these days is still there to tell its source."
      : "Days count visits that have ended, and stay. Sources are of the visits still there: those purged or forgotten are not among them.",
    ...(sourcesOnlyAfter === null
      ? []
      : [
          `Only visits last active after ${formatTime(Date.parse(sourcesOnlyAfter))} are among the sources: the newest ${formatNumber(MAX_SOURCE_ROWS)} rows are looked at.`,
        ]),
  ];
}
