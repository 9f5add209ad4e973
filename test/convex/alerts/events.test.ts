/** What webhooks are told of, when, and what it costs to tell them. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { WebhookPayload } from "../../../convex/sessionTracker/shared/webhooks/events.js";
import { advance } from "../support/clock.js";
import {
  addWebhook,
  changeSettings,
  deliver,
  deliveries,
  Endpoints,
} from "./endpointKit.js";
import { removeFaults, setUpWithFaults } from "../support/faults.js";
import { setSpec } from "../support/fireKit.js";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  internal,
  MINUTE_MS,
  NOW,
  t,
  takeComponent,
} from "../support/fresh.js";
import { record, totals } from "../support/recorder.js";
import {
  finishRun,
  loseLink,
  readRun,
  seedExpired,
  seedLeased,
  setPageSize,
  startRun,
  visitors,
} from "../support/runKit.js";

const OLD = NOW - 60 * DAY_MS;

let endpoints: Endpoints;
freshComponent();
beforeEach(() => {
  endpoints = new Endpoints();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

test("a fire that nobody came to is told once it is noticed, and one that is a little late is not", async () => {
  await addWebhook({ events: ["schedule.missed"] });
  // Without a cron, whose own timer would be of before the clock goes ahead.
  await t.run((ctx) =>
    ctx.db.insert("ticks", {
      name: "purge",
      registeredAt: NOW,
      answeredUntil: NOW,
    }),
  );
  const tickAt = async (at: number) => {
    vi.setSystemTime(at);
    await t.mutation(internal.schedules.dispatch.tick, { name: "purge" });
  };
  const due = NOW + 2.5 * HOUR_MS;
  await tickAt(due + 5 * MINUTE_MS);
  expect(await deliveries()).toEqual([]);
  const noticed = due + 3 * DAY_MS + HOUR_MS;
  await tickAt(noticed);
  await tickAt(noticed + MINUTE_MS);
  expect(await deliveries()).toMatchObject([
    {
      type: "schedule.missed",
      data: {
        schedule: "purge",
        dueAt: iso(due + DAY_MS),
        noticedAt: iso(noticed),
      },
    },
  ]);
});

test("a run that completes is told, with its figures", async () => {
  await addWebhook();
  await seedExpired(t, [
    { anonymousId: "a", lastActive: OLD, actions: 3, visits: 2 },
    ...visitors(4, OLD),
  ]);
  const runId = await startRun(t, "purge");
  await finishRun(t, runId);
  await deliver();
  expect(endpoints.payloads).toEqual([
    {
      type: "run.completed",
      timestamp: iso(NOW),
      deployment: expect.any(String) as string,
      message: `The purge run ${runId} completed: it has deleted 5 sessions.`,
      data: {
        runId,
        kind: "purge",
        status: "completed",
        trigger: "operator",
        actor: "tester",
        startedAt: iso(NOW),
        finishedAt: iso(NOW),
        pages: 1,
        sessions: 5,
        visits: 6,
        actions: 3,
        setAside: 0,
      },
    },
  ]);
});

test("only the events that a webhook names are told, and only of its kinds", async () => {
  await addWebhook({ events: ["run.completed"], kinds: ["purge"] });
  await changeSettings({ pageSize: 500 });
  await seedLeased(t, visitors(1, OLD));
  await finishRun(t, await startRun(t, "expire"));
  await finishRun(t, await startRun(t, "purge"));
  await deliver();
  expect(told()).toEqual(["run.completed purge"]);
});

test("a run that fails, or is canceled, or reaches its maximum", async () => {
  const others = await setUpWithFaults();
  takeComponent(others);
  await addWebhook();
  await seedExpired(t, visitors(30, OLD, "poison"));
  const failed = await startRun(t, "purge");
  expect(await finishRun(t, failed)).toMatchObject({ status: "failed" });
  await removeFaults(t);
  await seedExpired(t, visitors(30, OLD - HOUR_MS, "visitor"));
  const { runId } = await t.mutation(api.runs.control.start, {
    kind: "purge",
    actor: "tester",
    trigger: "operator",
    maxSessions: 7,
  });
  expect(await finishRun(t, runId)).toMatchObject({ status: "maxReached" });
  await t.mutation(api.runs.control.resume, { runId, actor: "ann" });
  await t.mutation(api.runs.control.cancel, { runId, actor: "ann" });
  await deliver();
  expect(
    endpoints.payloads.map(({ type, data }) => [type, data]),
  ).toMatchObject([
    ["run.failed", { runId: failed, status: "failed", setAside: 19 }],
    ["run.completed", { runId, status: "maxReached", sessions: 7 }],
  ]);
});

test("a run that stands still is told each time that it is restarted, and the watchdog's end once", async () => {
  await addWebhook({ events: ["run.stuck", "watchdog.gaveUp"] });
  await keepSchedulesOff();
  await setPageSize(t, 1);
  await seedExpired(t, visitors(20, OLD));
  const runId = await startRun(t, "purge");
  for (let look = 0; look < 7; look += 1) {
    await loseLink(t, runId);
    vi.setSystemTime(NOW + (look + 1) * 15 * MINUTE_MS);
    await t.mutation(internal.schedules.watchdog.check, {});
    // What the watchdog enqueued is lost as well.
    await loseLink(t, runId);
  }
  await deliver();
  // Deliveries come in no order.
  expect(endpoints.types.sort()).toEqual([
    ...Array<string>(5).fill("run.stuck"),
    "watchdog.gaveUp",
  ]);
  const { data, message } = payloadOf("watchdog.gaveUp");
  expect(data.why).toContain(`run ${runId} stood still`);
  expect(message).toContain(data.why);
  expect(payloadOf("run.stuck").data).toMatchObject({ runId, kind: "purge" });
  expect((await readRun(t, runId)).status).toBe("running");
});

test("a change of settings or schedules is told with what changed, without its reason", async () => {
  await addWebhook();
  await t.mutation(api.settings.settings.change, {
    patch: { retentionDays: 20, pageSize: 1_000 },
    actor: "ann",
    reason: "visitor v-1 asked",
  });
  await t.mutation(api.schedules.change.pause, {
    name: "purge",
    reason: "visitor v-1 asked",
    until: NOW + DAY_MS,
    actor: "ann",
  });
  await deliver();
  const spec = { spec: "30 2 * * *", timeZone: "UTC" };
  const pause = { actor: "ann", at: iso(NOW), until: iso(NOW + DAY_MS) };
  expect(
    endpoints.payloads.map(({ data, message }) => [data, message]),
  ).toEqual([
    [
      {
        revision: 1,
        actor: "ann",
        before: { retentionDays: 14 },
        after: { retentionDays: 20 },
      },
      "ann changed retentionDays (revision 1). `sessions-ops settings log` has the values.",
    ],
    [
      {
        revision: 2,
        actor: "ann",
        before: { schedules: { purge: spec } },
        after: { schedules: { purge: { ...spec, paused: pause } } },
      },
      "ann changed schedule purge (revision 2). `sessions-ops settings log` has the values.",
    ],
  ]);
});

describe("a hook that fails", () => {
  test("is told once, whoever comes, and never by what it said", async () => {
    const others = await setUpWithFaults();
    takeComponent(others);
    await addWebhook();
    for (let i = 0; i < 3; i += 1) {
      await t.mutation(api.visitors.heartbeat.beat, {
        anonymousId: `poison-${i}`,
      });
      await advance(t, 2 * MINUTE_MS);
    }
    for (let i = 0; i < 2; i += 1) {
      await t.mutation(api.visitors.forget.visitor, {
        anonymousId: `poison-${i}`,
        actor: "ann",
      });
    }
    await deliver();
    expect(endpoints.payloads.map(({ data }) => data)).toEqual([
      { hook: "onStarted", call: "visitor" },
      { hook: "onPurged", call: "erasure" },
    ]);
    expect(JSON.stringify(endpoints.received)).not.toContain("poison");
  });
});

test("nothing that is told names a visitor, a user or a session", async () => {
  const others = await setUpWithFaults();
  takeComponent(others);
  await addWebhook();
  await addWebhook({ format: "slack", url: "https://slack.example/x" });
  const names = ["poison-anna", "visitor-berta", "user-carla"];
  const [poison = "", visitor = "", user = ""] = names;
  for (const anonymousId of [poison, visitor]) {
    await t.mutation(api.visitors.heartbeat.beat, { anonymousId });
    await t
      .mutation(api.visitors.link.user, { anonymousId, userId: user })
      .catch(() => null);
  }
  await seedExpired(t, visitors(25, OLD, "poison-old"));
  await finishRun(t, await startRun(t, "purge"));
  const filtered = await t.mutation(api.runs.control.start, {
    kind: "forget",
    actor: "ann",
    reason: `${user} asked`,
    trigger: "operator",
    filter: { userId: user },
  });
  await finishRun(t, filtered.runId);
  const sessionIds = await t.run(async (ctx) =>
    (await ctx.db.query("sessions").collect()).map(({ _id }) => _id as string),
  );
  await deliver();
  expect(new Set(told().map((one) => one.split(" ")[0]))).toEqual(
    new Set(["run.failed", "run.completed", "hook.failed", "undefined"]),
  );
  const said = JSON.stringify([endpoints.received, await deliveries()]);
  for (const name of [...names, "poison", ...sessionIds]) {
    expect(said).not.toContain(name);
  }
});

describe("a backlog", () => {
  test("is told once when sessions have waited for too long, and again after it was worked off", async () => {
    await addWebhook({ events: ["backlog.high"] });
    await keepSchedulesOff();
    await changeSettings({ backlogAlertMs: 6 * HOUR_MS });
    const due = NOW - 14 * DAY_MS;
    await seedExpired(t, visitors(3, due));
    const look = async (atMs: number) => {
      await advance(t, NOW + atMs - Date.now());
      await t.mutation(internal.schedules.watchdog.check, {});
      await deliver();
      return endpoints.received.length;
    };
    expect(await look(6 * HOUR_MS - MINUTE_MS)).toBe(0);
    expect(await look(6 * HOUR_MS + MINUTE_MS)).toBe(1);
    expect(await look(8 * HOUR_MS)).toBe(1);
    expect(payloadOf("backlog.high")).toMatchObject({
      data: {
        kind: "purge",
        sessions: 3,
        isMore: false,
        backlogAlertMs: 6 * HOUR_MS,
      },
      message:
        "3 sessions have been due to be purged for 6 hours or longer. `sessions-ops status` says what keeps the runs.",
    });
    await t.run(async (ctx) => {
      for (const { _id } of await ctx.db.query("sessions").collect()) {
        await ctx.db.delete("sessions", _id);
      }
    });
    await seedExpired(t, visitors(1, due + 4 * HOUR_MS, "later"));
    // Waiting for four hours: not less than half of six, so that it is the same backlog still.
    expect(await look(8 * HOUR_MS + MINUTE_MS)).toBe(1);
    expect(await look(10 * HOUR_MS + MINUTE_MS)).toBe(1);
    await t.run(async (ctx) => {
      for (const { _id } of await ctx.db.query("sessions").collect()) {
        await ctx.db.delete("sessions", _id);
      }
    });
    expect(await look(11 * HOUR_MS)).toBe(1);
    await seedExpired(t, visitors(1, due, "again"));
    expect(await look(12 * HOUR_MS)).toBe(2);
  });
});

describe("a dead man's switch", () => {
  test("is pinged after each run of its kind that ends well, and when there was nothing to do", async () => {
    await addWebhook({ format: "ping", kinds: ["purge"] });
    const others = await setUpWithFaults();
    await setSpec(t, "expire", "59 23 * * 6", "UTC");
    await t.mutation(internal.schedules.watchdog.check, {});
    await seedExpired(t, visitors(3, OLD));
    await seedLeased(t, visitors(3, OLD, "leased"));
    const times = [];
    // Two fires of the purge, of which the second finds nothing.
    await advance(t, 2 * DAY_MS);
    for (const { at, method, body, headers, url } of endpoints.received) {
      times.push(at - (at % MINUTE_MS));
      expect([method, body, url]).toEqual([
        "GET",
        "",
        "https://example.com/hooks/s3cr3t-part",
      ]);
      expect(headers).not.toHaveProperty("webhook-signature");
    }
    expect(times).toEqual([NOW + 2.5 * HOUR_MS, NOW + DAY_MS + 2.5 * HOUR_MS]);

    takeComponent(others);
    await addWebhook({ format: "ping", kinds: ["purge"] });
    await seedExpired(t, visitors(30, OLD, "poison"));
    await finishRun(t, await startRun(t, "purge"));
    await deliver();
    expect(endpoints.received).toHaveLength(2);
  });

  test("is tried again for minutes only", async () => {
    await addWebhook({ format: "ping", kinds: ["expire"] });
    endpoints.answer = () => new Response("", { status: 500 });
    await seedLeased(t, visitors(1, OLD));
    await finishRun(t, await startRun(t, "expire"));
    await advance(t, HOUR_MS);
    expect(endpoints.received).toHaveLength(4);
    expect(await deliveries()).toMatchObject([
      { type: "ping", data: { kind: "expire" }, status: "failed" },
    ]);
  });
});

describe("what it costs", () => {
  test("without a webhook the end of a run reads one empty range more, and schedules nothing", async () => {
    await seedLeased(t, visitors(1, OLD));
    const runId = await startRun(t, "expire");
    const { tablesRead, tablesWritten } = await record(() =>
      finishRun(t, runId),
    );
    expect([...tablesRead, ...tablesWritten]).not.toContain("deliveries");
    expect(await deliveries()).toEqual([]);
  });

  test("a delivery takes 20 transactions and 40 writes at most, of which four are not the workpool's", async () => {
    await addWebhook();
    const { transactions } = await record(async () => {
      await changeSettings({ pageSize: 500 });
      // Workpool looks for more work for a while before it rests.
      await advance(t, 60 * MINUTE_MS);
    });
    expect(endpoints.received).toHaveLength(1);
    const all = transactions.filter(({ name }) => name !== "custom");
    const { calls, writes } = totals(all);
    expect(calls).toBeLessThanOrEqual(20);
    expect(writes).toBeLessThanOrEqual(40);
    const own = all.filter(({ component }) => component === "");
    expect(own.map(({ name }) => name)).toEqual([
      "settings/settings:change",
      "alerts/dispatch:send",
      "alerts/attempts:begin",
      "alerts/attempts:end",
    ]);
  });

  test("a heartbeat reads no webhook, also where there are some", async () => {
    await addWebhook();
    const beat = () =>
      t.mutation(api.visitors.heartbeat.beat, { anonymousId: "a" });
    const { tablesRead } = await record(async () => {
      await beat();
      await beat();
      await advance(t, 2 * MINUTE_MS);
      await beat();
    });
    expect([...tablesRead]).not.toContain("webhooks");
  });
});

// ── Helpers ─────────────────────────────────────────────────────────────────

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Each event with its kind of run. */
function told(): string[] {
  return endpoints.payloads.map(({ type, data }) =>
    data !== undefined && "kind" in data ? `${type} ${data.kind}` : `${type}`,
  );
}

function payloadOf<Type extends WebhookPayload["type"]>(type: Type) {
  const found = endpoints.payloads.find((payload) => payload.type === type);
  if (found === undefined) throw new Error(`No ${type} was told.`);
  return found as Extract<WebhookPayload, { type: Type }>;
}

async function keepSchedulesOff(): Promise<void> {
  for (const name of ["expire", "purge"] as const) {
    await setSpec(t, name, "59 23 * * 6", "UTC");
  }
}
