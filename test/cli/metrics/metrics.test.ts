/** `metrics`: the text for scrapers, and the same as JSON, beside what `status` says. */
import { expect, test } from "vitest";
import type { MetricsJson } from "../../../cli/json/metrics/metrics.js";
import type { StatusJson } from "../../../cli/json/status/status.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { parseOpenMetrics, valueOf } from "../../metrics/openMetrics.js";
import { setUpDeployment } from "../support/deployment.js";

test("metrics prints OpenMetrics and JSON that equal what status says", async () => {
  const { terminal, component } = setUpDeployment();
  for (const anonymousId of ["v-1", "v-2"]) {
    await component.mutation(api.visitors.heartbeat.beat, { anonymousId });
  }
  await component.mutation(api.visitors.end.visit, { anonymousId: "v-1" });
  const status = await terminal.json<StatusJson>("status");
  const json = await terminal.json<MetricsJson>("metrics");
  const { total: _, ...states } = status.sessions;
  expect(json.sessions).toEqual(states);
  expect(json.today).toEqual(status.today);
  expect(json.oldestInactiveAt).toBe(status.oldest?.lastActive);
  const { expire, purge } = status.backlog;
  expect(json.backlog).toMatchObject([
    { sessions: expire },
    { sessions: purge },
  ]);
  const { lastAt: _lastAt, ...refused } = status.refused;
  expect(json.refused).toEqual(refused);
  expect(json.hookDebts).toBe(status.hookDebts);
  expect(json.watchdog.lastAt).toBe(status.watchdog.lastAt);
  const { exitCode, stdout } = await terminal.run("metrics");
  expect(exitCode).toBe(0);
  const found = parseOpenMetrics(stdout);
  const ended = valueOf(found, "sessions_ops_sessions", { state: "ended" });
  expect(ended).toBe(json.sessions.ended);
});
