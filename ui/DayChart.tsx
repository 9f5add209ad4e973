import { CountChart, type Count } from "./CountChart.js";

export interface Day extends Count {
  /** The day's first moment, in ms since the epoch. */
  startsAt: number;
}

export interface DayChartProps {
  /** The days, oldest first; `undefined` while they load. */
  days: readonly Day[] | undefined;
  /** The unit of the counts, in the plural. */
  unit: string;
}

/** A bar for each day. */
export function DayChart({ days, unit }: DayChartProps) {
  return (
    <CountChart
      counts={days}
      nameOf={nameOfDay}
      say={(day) => `${nameOfDay(day)}: ${countText(day)} ${unit}`}
      empty={`No ${unit} in these days.`}
    />
  );
}

const dayFormat = new Intl.DateTimeFormat("en", {
  month: "short",
  day: "numeric",
  timeZone: "UTC",
});

function nameOfDay({ startsAt }: Day): string {
  return dayFormat.format(startsAt);
}

function countText({ count, isCapped }: Count): string {
  return `${count.toLocaleString("en")}${isCapped ? "+" : ""}`;
}
