/** The parts that the pages of the dashboard and of the example are made of: props in, no Convex inside. */
export { Ago } from "./Ago.js";
export { CHART_MARGIN, COUNT_AXIS, X_AXIS } from "./axes.js";
export { Card, Tile } from "./Card.js";
export { ChartFrame } from "./ChartFrame.js";
export { Button, Choice } from "./Controls.js";
export { CountChart } from "./CountChart.js";
export { DayChart, type Day } from "./DayChart.js";
export { shortDuration } from "./durations.js";
export { Facts, Notice, Pill, Short, type Tone } from "./Facts.js";
export { Table, type Column, type TableProps } from "./Table.js";
export { VisitCharts } from "./VisitCharts.js";
export { useNow } from "./useNow.js";
