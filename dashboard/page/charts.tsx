import {
  Area,
  AreaChart,
  CartesianGrid,
  ReferenceDot,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";
import type { AgeBar, Sample } from "../../cli/dashboard/shapes.js";
import {
  CHART_MARGIN,
  ChartFrame,
  COUNT_AXIS,
  CountChart,
  X_AXIS,
} from "../../ui/index.js";
import { atLeast, numberText } from "./text.js";

/** The number of active sessions, from sample to sample. */
export function ActiveChart({ samples }: { samples: readonly Sample[] }) {
  const [first, last] = [samples.at(0), samples.at(-1)];
  if (first === undefined || last === undefined)
    return <ChartFrame label="Loading" />;
  // The chart spans ten minutes at least: a few seconds would have the same minute below all of it.
  const end = Math.max(last.at, first.at + MIN_SPAN_MS);
  return (
    <ChartFrame label={`${saySample(first)}; ${saySample(last)}`}>
      <AreaChart data={[...samples]} margin={CHART_MARGIN}>
        <CartesianGrid vertical={false} stroke="var(--line)" />
        <XAxis
          dataKey="at"
          type="number"
          scale="time"
          domain={[first.at, end]}
          ticks={ticksBetween(first.at, end)}
          tickFormatter={clockText}
          {...X_AXIS}
        />
        <YAxis {...COUNT_AXIS} />
        <Tooltip
          isAnimationActive={false}
          cursor={{ stroke: "var(--muted)" }}
          content={({ payload }) => {
            const sample = payload[0]?.payload as Sample | undefined;
            return sample && <p className="tooltip">{saySample(sample)}</p>;
          }}
        />
        <Area
          dataKey="active"
          type="stepAfter"
          stroke="var(--accent)"
          strokeWidth={2}
          fill="var(--accent)"
          fillOpacity={0.15}
          isAnimationActive={false}
        />
        {/* A dot at the end: a line takes some time to be seen, and none is seen along the axis. */}
        <ReferenceDot
          x={last.at}
          y={last.active}
          r={4}
          fill="var(--accent)"
          stroke="none"
          ifOverflow="visible"
        />
      </AreaChart>
    </ChartFrame>
  );
}

/** The inactive sessions, a bar for each range of ages. */
export function AgeChart({ ages }: { ages: readonly AgeBar[] | undefined }) {
  return (
    <CountChart
      counts={ages}
      nameOf={shortAge}
      say={sayAge}
      empty="No inactive session."
      isEachNamed
    />
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const MIN_SPAN_MS = 10 * 60_000;
const TICKS = 5;

function ticksBetween(start: number, end: number): number[] {
  const step = (end - start) / (TICKS - 1);
  return Array.from({ length: TICKS }, (_, n) => start + n * step);
}

const clock = new Intl.DateTimeFormat("en", {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
  timeZone: "UTC",
});

function clockText(at: number): string {
  return clock.format(at);
}

function saySample({ at, active }: Sample): string {
  return `${clockText(at)}: ${numberText(active)} active`;
}

/** The range in short: eight of them fit below each other's bars on a phone. */
function shortAge({ fromDays, toDays }: AgeBar): string {
  return fromDays === 0 ? `<${toDays}` : `${fromDays}+`;
}

function ageText({ fromDays, toDays }: AgeBar): string {
  return toDays === null ? `${fromDays}+` : `${fromDays}–${toDays}`;
}

function sayAge(bar: AgeBar): string {
  return `${ageText(bar)} days: ${atLeast(bar.count, bar.isCapped)} sessions`;
}
