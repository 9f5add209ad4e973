import {
  Bar,
  BarChart,
  CartesianGrid,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";

export interface Day {
  /** Its first moment, in ms since the epoch. */
  startsAt: number;
  count: number;
  /** There are more than `count`. */
  isCapped: boolean;
}

export interface DayChartProps {
  days: readonly Day[];
  /** What is counted, in the plural. */
  unit: string;
}

/** A bar for each day, oldest first. */
export function DayChart({ days, unit }: DayChartProps) {
  return (
    <div className="chart" role="img" aria-label={describe(days, unit)}>
      <ResponsiveContainer>
        <BarChart data={[...days]} margin={{ top: 4, right: 4, left: -12 }}>
          <CartesianGrid vertical={false} stroke="var(--line)" />
          <XAxis
            dataKey="startsAt"
            tickFormatter={nameOfDay}
            tickLine={false}
            stroke="var(--line)"
          />
          <YAxis allowDecimals={false} tickLine={false} axisLine={false} />
          <Tooltip
            cursor={{ fill: "var(--line)", opacity: 0.5 }}
            content={({ payload }) => {
              const day = payload[0]?.payload as Day | undefined;
              return day && <p className="tooltip">{say(day, unit)}</p>;
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

const dayFormat = new Intl.DateTimeFormat("en", {
  month: "short",
  day: "numeric",
  timeZone: "UTC",
});

function nameOfDay(startsAt: number): string {
  return dayFormat.format(startsAt);
}

function say({ startsAt, count, isCapped }: Day, unit: string): string {
  const number = count.toLocaleString("en");
  return `${nameOfDay(startsAt)}: ${number}${isCapped ? "+" : ""} ${unit}`;
}

function describe(days: readonly Day[], unit: string): string {
  return days.map((day) => say(day, unit)).join("; ");
}
