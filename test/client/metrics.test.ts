/** `registerMetrics` and `sessions.metrics`: who is answered, with what, and whether it is what `status` says. */
import { convexTest } from "convex-test";
import { defineSchema, httpRouter } from "convex/server";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  registerMetrics,
  SessionTracker,
  type MetricsOptions,
} from "../../client/index.js";
import { register } from "../../client/test.js";
import { metricsText } from "../../convex/sessionTracker/shared/metrics/metricsText.js";
import { openMetricsText } from "../../convex/sessionTracker/shared/metrics/openMetrics.js";
import {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
} from "../../convex/sessionTracker/shared/times.js";
import { sessionTracker } from "../convex/support/hooksApp/component.js";
import { parseOpenMetrics, valueOf } from "../metrics/openMetrics.js";

const START = Date.UTC(2026, 1, 28, 12);
const TOKEN = "0123456789abcdef";
const sessions = new SessionTracker(sessionTracker);

function setUp(options: MetricsOptions = { token: TOKEN }) {
  const http = httpRouter();
  registerMetrics(http, sessionTracker, options);
  const t = convexTest({
    schema: defineSchema({}),
    modules: {
      "./_generated/api.ts": () => Promise.resolve({}),
      "./http.ts": () => Promise.resolve({ default: http }),
    },
    transactionLimits: true,
  });
  register(t);
  return t;
}

beforeEach(() => {
  vi.useFakeTimers({ now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

test("only who sends the token is answered", async () => {
  const t = setUp();
  const statusOf = async (authorization?: string) =>
    (
      await t.fetch("/metrics", {
        headers: authorization === undefined ? {} : { authorization },
      })
    ).status;
  expect(await statusOf()).toBe(401);
  expect(await statusOf("Bearer")).toBe(401);
  expect(await statusOf(`Bearer ${TOKEN}0`)).toBe(401);
  expect(await statusOf(`Bearer ${TOKEN.slice(1)}`)).toBe(401);
  expect(await statusOf(`Basic ${TOKEN}`)).toBe(401);
  expect(await statusOf(TOKEN)).toBe(401);
  expect(await statusOf(`bearer ${TOKEN}`)).toBe(200);
});

test("a deployment whose token is not set yet answers nobody", async () => {
  const t = setUp({ token: undefined });
  for (const authorization of ["Bearer undefined", "Bearer ", ""]) {
    const answer = await t.fetch("/metrics", { headers: { authorization } });
    expect(answer.status).toBe(401);
  }
});

test("a token that is short, or no header may have, is refused without being told", () => {
  const http = httpRouter();
  for (const token of ["", "short", "sixteen chars and more"]) {
    const registering = () => registerMetrics(http, sessionTracker, { token });
    expect(registering).toThrow(/at least 16 characters|visible ASCII/);
    if (token !== "") expect(registering).not.toThrow(token);
  }
});

test("the metrics are OpenMetrics, and what status says", async () => {
  const t = setUp();
  const track = (anonymousId: string) =>
    t.mutation((ctx) => sessions.track(ctx, { anonymousId }));
  await track("v-1");
  await track("v-2");
  await t.mutation((ctx) =>
    sessions.record(ctx, { anonymousId: "v-1", action: "search" }),
  );
  vi.setSystemTime(START + 10_000);
  await t.mutation((ctx) => sessions.endVisit(ctx, { anonymousId: "v-1" }));
  vi.setSystemTime(START + HOUR_MS);
  await track("v-3");
  vi.setSystemTime(START + 2 * HOUR_MS + 5_000);
  const { status, backlog } = await t.query(async (ctx) => ({
    status: await ctx.runQuery(sessionTracker.operator.status.get, {}),
    backlog: await ctx.runQuery(sessionTracker.operator.status.backlog, {}),
  }));
  const answer = await t.fetch("/metrics", {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  expect(answer.headers.get("content-type")).toBe(
    "application/openmetrics-text; version=1.0.0; charset=utf-8",
  );
  const text = await answer.text();
  expect(text).toBe(await t.query((ctx) => sessions.metrics(ctx)));
  expect(text).not.toMatch(/v-[123]/);
  const found = parseOpenMetrics(text);
  const value = (name: string, labels?: Record<string, string>) =>
    valueOf(found, `sessions_ops_${name}`, labels);
  for (const state of ["active", "expired", "ended"] as const) {
    expect(value("sessions", { state })).toBe(status.sessions[state]);
  }
  expect(value("today_visits")).toBe(status.today.visits);
  expect(value("today_actions")).toBe(status.today.actions);
  expect([status.today.visits, status.today.actions]).toEqual([1, 1]);
  expect(value("backlog_sessions", { kind: "expire" })).toBe(backlog.expire);
  expect(backlog.expire).toBe(2);
  expect(value("backlog_due_since_timestamp_seconds", { kind: "expire" })).toBe(
    (START + 30 * MINUTE_MS) / 1_000,
  );
  expect(value("oldest_inactive_timestamp_seconds")).toBe(
    (status.oldest?.lastActive ?? 0) / 1_000,
  );
  expect(value("build_info", { version: status.version })).toBe(1);
  expect(value("webhook_failed_deliveries")).toBe(0);
});

test("runs are counted by kind and outcome, and the last good one is told", async () => {
  const t = setUp();
  await t.mutation((ctx) => sessions.track(ctx, { anonymousId: "v-1" }));
  vi.setSystemTime(START + DAY_MS);
  await t.mutation((ctx) => sessions.purge(ctx, { daysInactive: 0.5 }));
  await t.finishAllScheduledFunctions(() => vi.advanceTimersByTime(1_000));
  const found = parseOpenMetrics(await t.query((ctx) => sessions.metrics(ctx)));
  const value = (name: string, labels: Record<string, string>) =>
    valueOf(found, `sessions_ops_${name}`, labels);
  const done = { kind: "purge", outcome: "completed" };
  expect(value("runs_total", done)).toBe(1);
  expect(value("run_duration_seconds_total", done)).toBeLessThan(60);
  expect(value("runs_total", { kind: "purge", outcome: "failed" })).toBe(0);
  expect(
    value("run_last_success_timestamp_seconds", { kind: "purge" }),
  ).toBeGreaterThanOrEqual((START + DAY_MS) / 1_000);
  expect(value("runs_running", { kind: "purge" })).toBe(0);
});

test("every metric has a help, a name of its own and the unit it ends with", async () => {
  const at = START;
  const t = setUp();
  const figures = await t.query((ctx) =>
    ctx.runQuery(sessionTracker.alerts.metrics.get, { at }),
  );
  for (const family of parseOpenMetrics(metricsText(figures))) {
    expect(family.name).toMatch(/^sessions_ops_[a-z_]+$/);
    expect(family.help).toMatch(/^[A-Z].*\.$/);
    expect(family.unit).toBe(
      family.name.endsWith("_seconds") ? "seconds" : undefined,
    );
  }
});

test("what would end a label or a line is escaped", () => {
  const odd = 'a "b" \\ \n # EOF';
  const text = openMetricsText([
    {
      ...{ name: "odd", type: "gauge", help: odd },
      samples: [{ labels: { odd }, value: 1.5 }],
    },
  ]);
  expect(parseOpenMetrics(text)).toEqual([
    {
      ...{ name: "odd", type: "gauge", help: odd },
      samples: [{ name: "odd", labels: { odd }, value: 1.5 }],
    },
  ]);
});
