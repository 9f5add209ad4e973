/** The visits: what they came to by day, and where they came from. */
import { memo } from "react";
import type { Days, Sources } from "../../cli/dashboard/shapes.js";
import {
  Card,
  shortDuration,
  Table,
  VisitCharts,
  type Column,
} from "../../ui/index.js";
import { numberText, utcText } from "./text.js";

/** Rows of the table before somebody asks for more. */
const MOST_VISITED = 8;

interface Props {
  days: Days | undefined;
  sources: Sources | undefined;
}

/** Drawn anew only when figures have changed: drawing charts is what costs. */
export const Visits = memo(function Visits({ days, sources }: Props) {
  return (
    <VisitCharts days={days?.days} today={days?.today}>
      <Card title="Entry sources" note={sources && sourcesNote(sources)}>
        <Table
          label="Entry sources"
          columns={SOURCE_COLUMNS}
          rows={sources?.sources}
          keyOf={({ source }) => source}
          empty="No visit of these days is still kept."
          newest={MOST_VISITED}
        />
      </Card>
    </VisitCharts>
  );
});

// ── Helpers ─────────────────────────────────────────────────────────────────

type Source = Sources["sources"][number];

const SOURCE_COLUMNS: Column<Source>[] = [
  {
    title: "Source",
    cell: ({ source }) => <p className="text narrow">{source}</p>,
  },
  { title: "Visits", isNumber: true, cell: (row) => numberText(row.visits) },
  {
    title: "Per visit",
    isNumber: true,
    cell: ({ engagedMs, visits }) =>
      visits === 0 ? "-" : shortDuration(engagedMs / visits),
  },
  {
    title: "Bounced",
    isNumber: true,
    cell: ({ bounces, visits }) =>
      visits === 0 ? "-" : `${Math.round((100 * bounces) / visits)}%`,
  },
  {
    title: "Under way",
    isNumber: true,
    cell: (row) => numberText(row.underWay),
  },
];

function sourcesNote({ from, onlyAfter }: Sources): string {
  const which = `visits since ${from} that are still kept`;
  if (onlyAfter === null) return which;
  return `${which}; only those last active after ${utcText(onlyAfter)} UTC, there are too many to count`;
}
