import {
  Bar,
  BarChart,
  CartesianGrid,
  LabelList,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";
import { cappedText, CHART_MARGIN, COUNT_AXIS, X_AXIS } from "./axes.js";
import { ChartFrame } from "./ChartFrame.js";

export interface Day {
  /** Its first moment, in ms since the epoch. */
  startsAt: number;
  count: number;
  /** There are more than `count`. */
  isCapped: boolean;
}

export interface DayChartProps {
  /** `undefined` while they load. */
  days: readonly Day[] | undefined;
  /** What is counted, in the plural. */
  unit: string;
}

/** A bar for each day, oldest first. */
export function DayChart({ days, unit }: DayChartProps) {
  if (days === undefined) return <ChartFrame label="Loading" />;
  return (
    <ChartFrame
      label={describe(days, unit)}
      empty={
        days.every(({ count }) => count === 0) && `No ${unit} in these days.`
      }
    >
      <BarChart
        data={days.map((day) => ({ ...day, more: cappedText(day) }))}
        margin={CHART_MARGIN}
      >
        <CartesianGrid vertical={false} stroke="var(--line)" />
        <XAxis dataKey="startsAt" tickFormatter={nameOfDay} {...X_AXIS} />
        <YAxis {...COUNT_AXIS} />
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
        >
          <LabelList dataKey="more" position="top" fill="var(--muted)" />
        </Bar>
      </BarChart>
    </ChartFrame>
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
