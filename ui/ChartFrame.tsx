import type { ReactElement } from "react";
import { ResponsiveContainer } from "recharts";

export interface ChartFrameProps {
  /** Read out to those who do not see the chart. */
  label: string;
  /** Said across a chart that has nothing to show. */
  empty?: string | false;
  /** Absent while what it shows loads. */
  children?: ReactElement | undefined;
}

/** The room that a chart has. */
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
