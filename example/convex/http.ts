import { httpRouter } from "convex/server";
import { registerMetrics } from "sessions-ops";
import { components } from "./_generated/api.js";

const http = httpRouter();

/** For scrapers such as Prometheus; without `npx convex env set METRICS_TOKEN …` everybody is refused. */
registerMetrics(http, components.sessionTracker, {
  token: process.env.METRICS_TOKEN,
});

export default http;
