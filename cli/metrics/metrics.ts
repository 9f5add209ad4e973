import { metricsText } from "../../convex/sessionTracker/shared/metrics/metricsText.js";
import { MINUTE_MS } from "../../convex/sessionTracker/shared/times.js";
import type { CliContext } from "../context.js";
import { byDeploymentClock } from "../deployment/clock.js";
import { connect, type GlobalOptions } from "../deployment/connect.js";
import { toMetricsJson } from "../json/metrics/metrics.js";
import { printJson } from "../terminal/output.js";
import { writeOut } from "../terminal/streams.js";

/** Prints the metrics as of the last full minute by the deployment's clock, as `registerMetrics` answers them. */
export async function metrics(
  context: CliContext,
  options: GlobalOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const now = (await byDeploymentClock(context, client)).now();
  const at = now - (now % MINUTE_MS);
  const figures = await client.query("alerts/metrics:get", { at });
  if (options.json) printJson(context, toMetricsJson(figures, at));
  else writeOut(context, metricsText(figures));
}
