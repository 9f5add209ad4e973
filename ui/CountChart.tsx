import {
  Bar,
  BarChart,
  CartesianGrid,
  LabelList,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";
import { CHART_MARGIN, compactText, COUNT_AXIS, X_AXIS } from "./axes.js";
import { ChartFrame } from "./ChartFrame.js";

export interface Count {
  count: number;
  /** Whether there are more than `count`. */
  isCapped: boolean;
}

export interface CountChartProps<Counted extends Count> {
  /** The counts in order; `undefined` while they load. */
  counts: readonly Counted[] | undefined;
  /** The name that stands below the bar, and differs from bar to bar. */
  nameOf: (count: Counted) => string;
  /** The bar in words. */
  say: (count: Counted) => string;
  /** Text that is shown where every count is 0; "": none. */
  empty: string;
  /** Whether every bar is named, and not only as many as have room. @default false */
  isEachNamed?: boolean;
  /** Of what the counts are, where they are no whole numbers of things. */
  axis?: {
    tickFormatter: (value: number) => string;
    /** By default from 0 to as much as there is. */
    domain?: [0, number];
  };
}

/** A bar for each count; one that was counted only so far has "4K+" over it. */
export function CountChart<Counted extends Count>(
  props: CountChartProps<Counted>,
) {
  const { counts, nameOf, say, empty, isEachNamed = false, axis } = props;
  if (counts === undefined) return <ChartFrame label="Loading" />;
  const bars = counts.map((each) => ({
    count: each.count,
    name: nameOf(each),
    more: each.isCapped ? `${compactText(each.count)}+` : "",
    text: say(each),
  }));
  return (
    <ChartFrame
      label={bars.map(({ text }) => text).join("; ")}
      empty={bars.every(({ count }) => count === 0) && empty}
    >
      <BarChart data={bars} margin={CHART_MARGIN}>
        <CartesianGrid vertical={false} stroke="var(--line)" />
        <XAxis
          dataKey="name"
          {...(isEachNamed && { interval: 0 })}
          {...X_AXIS}
        />
        <YAxis {...COUNT_AXIS} {...axis} />
        <Tooltip
          isAnimationActive={false}
          cursor={{ fill: "var(--line)", opacity: 0.5 }}
          content={({ payload }) => {
            const bar = payload[0]?.payload as
              (typeof bars)[number] | undefined;
            return bar && <p className="tooltip">{bar.text}</p>;
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
