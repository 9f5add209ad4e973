/** What pages are made of: props in, no Convex inside. */
export { Ago } from "./Ago.js";
export { cappedText, CHART_MARGIN, COUNT_AXIS, X_AXIS } from "./axes.js";
export { Card, Tile, type CardProps, type TileProps } from "./Card.js";
export { ChartFrame, type ChartFrameProps } from "./ChartFrame.js";
export {
  Button,
  Choice,
  type ButtonProps,
  type ChoiceProps,
} from "./Controls.js";
export { DayChart, type Day, type DayChartProps } from "./DayChart.js";
export { Facts, Notice, Pill, Short, type Tone } from "./Facts.js";
export { Table, type Column, type TableProps } from "./Table.js";
