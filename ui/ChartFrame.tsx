import type { ReactElement } from "react";
import { ResponsiveContainer } from "recharts";

export interface ChartFrameProps {
  /** Text that is read out to those who do not see the chart. */
  label: string;
  /** Text across a chart that has nothing to show. */
  empty?: string | false;
  /** The chart; absent while its data loads. */
  children?: ReactElement | undefined;
}

/** The frame that a chart is drawn in. */
export function ChartFrame({ label, empty, children }: ChartFrameProps) {
  return (
    <div className="chart" role="img" aria-label={label}>
      {children ? (
        <ResponsiveContainer>{children}</ResponsiveContainer>
      ) : (
        <p className="muted">Loading …</p>
      )}
      {empty && <p className="muted">{empty}</p>}
    </div>
  );
}
