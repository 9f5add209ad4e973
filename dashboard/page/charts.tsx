import {
  Area,
  AreaChart,
  Bar,
  BarChart,
  CartesianGrid,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";
import type { AgeBar, Sample } from "../../cli/dashboard/shapes.js";
import { atLeast, numberText } from "./text.js";

/** How many sessions were active, from sample to sample. */
export function ActiveChart({ samples }: { samples: readonly Sample[] }) {
  const [first, last] = [samples.at(0), samples.at(-1)];
  if (first === undefined || last === undefined) return null;
  return (
    <div
      className="chart"
      role="img"
      aria-label={`${saySample(first)}; ${saySample(last)}`}
    >
      <ResponsiveContainer>
        <AreaChart data={[...samples]} margin={MARGIN}>
          <CartesianGrid vertical={false} stroke="var(--line)" />
          <XAxis
            dataKey="at"
            type="number"
            scale="time"
            domain={[first.at, Math.max(last.at, first.at + 60_000)]}
            tickFormatter={clockText}
            tickLine={false}
            stroke="var(--line)"
            minTickGap={40}
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
        </AreaChart>
      </ResponsiveContainer>
    </div>
  );
}

/** Inactive sessions, a bar for each stretch of ages. */
export function AgeChart({ ages }: { ages: readonly AgeBar[] }) {
  const bars = ages.map((bar) => ({ ...bar, name: ageText(bar) }));
  return (
    <div className="chart" role="img" aria-label={ages.map(sayAge).join("; ")}>
      <ResponsiveContainer>
        <BarChart data={bars} margin={MARGIN}>
          <CartesianGrid vertical={false} stroke="var(--line)" />
          <XAxis
            dataKey="name"
            interval={0}
            tickLine={false}
            stroke="var(--line)"
          />
          <YAxis {...COUNT_AXIS} />
          <Tooltip
            isAnimationActive={false}
            cursor={{ fill: "var(--line)", opacity: 0.5 }}
            content={({ payload }) => {
              const bar = payload[0]?.payload as AgeBar | undefined;
              return bar && <p className="tooltip">{sayAge(bar)}</p>;
            }}
          />
          <Bar
            dataKey="count"
            fill="var(--accent)"
            radius={[3, 3, 0, 0]}
            maxBarSize={48}
            isAnimationActive={false}
          />
        </BarChart>
      </ResponsiveContainer>
    </div>
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const MARGIN = { top: 4, right: 8, left: -12 };
const COUNT_AXIS = {
  allowDecimals: false,
  tickLine: false,
  axisLine: false,
  tickFormatter: compactText,
  domain: [0, "auto"] as [number, "auto"],
};

const compact = new Intl.NumberFormat("en", { notation: "compact" });

function compactText(value: number): string {
  return compact.format(value);
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

function ageText({ fromDays, toDays }: AgeBar): string {
  return toDays === null ? `${fromDays}+` : `${fromDays}–${toDays}`;
}

function sayAge(bar: AgeBar): string {
  return `${ageText(bar)} days: ${atLeast(bar.count, bar.isCapped)} sessions`;
}
