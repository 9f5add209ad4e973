import { useMemo, useState, type ReactNode } from "react";
import { Card } from "./Card.js";
import { Choice } from "./Controls.js";
import { CountChart } from "./CountChart.js";
import { shortDuration } from "./durations.js";
import {
  periodsOf,
  SPANS,
  totalOf,
  type DayFigures,
  type Period,
  type Span,
} from "./periods.js";

export interface VisitChartsProps {
  /** The days that have figures, of a year; `undefined` while they load. */
  days: readonly DayFigures[] | undefined;
  /** The UTC day that it is, `YYYY-MM-DD`. */
  today: string | undefined;
  /** Cards beside the charts. */
  children?: ReactNode;
}

/** Visits, engaged time and bounce rate by day, or for a year by week. */
export function VisitCharts({ days, today, children }: VisitChartsProps) {
  const [span, setSpan] = useState<Span>("30 days");
  const periods = useMemo(
    () => days && today && periodsOf(days, today, span),
    [days, today, span],
  );
  const shown = periods || undefined;
  const total = shown && totalOf(shown);
  const each = SPANS[span].daysEach === 1 ? "day" : "week";
  const charts = [
    {
      title: `Visits by ${each}`,
      note: total && visits.say(total),
      ...visits,
    },
    {
      title: `Engaged time by ${each}`,
      note: total && perVisit(total),
      ...engagedTime(shown ?? []),
    },
    {
      title: `Bounce rate by ${each}`,
      note:
        total &&
        (total.visits === 0 ? BOUNCE : `${percentText(total)}; ${BOUNCE}`),
      ...bounceRate,
    },
  ];
  return (
    <>
      <Choice
        label="Visits that have ended, by the UTC day on which they began"
        values={Object.keys(SPANS) as Span[]}
        value={span}
        onChange={setSpan}
      />
      <div className="columns">
        {charts.map(({ title, note, valueOf, say, axis }) => (
          <Card key={title} title={title} note={note}>
            <CountChart
              counts={shown?.map((period) => ({
                ...period,
                count: valueOf(period),
                isCapped: false,
              }))}
              nameOf={({ name }) => name}
              say={(period) => `${period.text}: ${say(period)}`}
              empty={total?.visits === 0 ? `No visits in these ${each}s.` : ""}
              {...(axis && { axis })}
            />
          </Card>
        ))}
        {children}
      </div>
    </>
  );
}

// ── The three charts ────────────────────────────────────────────────────────

interface Chart {
  valueOf: (period: Period) => number;
  /** What is said of a bar. */
  say: (figures: Figures) => string;
  axis?: { tickFormatter: (value: number) => string; domain?: [0, number] };
}

const visits: Chart = {
  valueOf: (period) => period.visits,
  say: ({ visits: count, newVisitors }) =>
    `${plain(count)} ${count === 1 ? "visit" : "visits"}, ${plain(newVisitors)} new`,
};

/** In hours, where any bar reaches two of them, else in minutes: axes count in round numbers of their unit. */
function engagedTime(periods: readonly Period[]): Chart {
  const most = Math.max(0, ...periods.map(({ engagedMs }) => engagedMs));
  const [unit, unitMs] =
    most >= 2 * 3_600_000 ? ["h", 3_600_000] : ["min", 60_000];
  return {
    valueOf: ({ engagedMs }) => engagedMs / unitMs,
    say: (period) => `${shortDuration(period.engagedMs)} engaged`,
    axis: { tickFormatter: (value) => `${value.toLocaleString("en")} ${unit}` },
  };
}

const bounceRate: Chart = {
  valueOf: ({ bounces, visits: count }) =>
    count === 0 ? 0 : (100 * bounces) / count,
  say: (period) =>
    period.visits === 0
      ? "no visit"
      : `${percentText(period)} of ${plain(period.visits)} visits`,
  axis: { tickFormatter: (value) => `${value}%`, domain: [0, 100] },
};

// ── Helpers ─────────────────────────────────────────────────────────────────

function plain(count: number): string {
  return count.toLocaleString("en");
}

const BOUNCE = "under 10 s and no action";

type Figures = Omit<Period, "name" | "text">;

function perVisit({ visits: count, engagedMs }: Figures): string {
  if (count === 0) return shortDuration(0);
  return `${shortDuration(engagedMs)}, ${shortDuration(engagedMs / count)} a visit`;
}

function percentText({ visits: count, bounces }: Figures): string {
  return `${Math.round((100 * bounces) / count)}%`;
}
