/** Attempts of a delivery: when there is another, what ends them, and what becomes of the endpoint. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { KEEP_DELIVERIES } from "../../../convex/sessionTracker/schedules/telling/deliveries.js";
import { advance, step } from "../support/clock.js";
import {
  addWebhook,
  changeSettings,
  deliver,
  deliveries,
  Endpoints,
  onlyWebhook,
} from "./endpointKit.js";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  internal,
  MINUTE_MS,
  NOW,
  t,
} from "../support/fresh.js";

let endpoints: Endpoints;
freshComponent();
beforeEach(() => {
  endpoints = new Endpoints();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const status =
  (code: number, headers: Record<string, string> = {}) =>
  () =>
    new Response(code === 204 ? null : "no", { status: code, headers });

/** An event, and what is done for it at once. */
let pageSize = 500;
async function tell(): Promise<void> {
  pageSize += 1;
  await changeSettings({ pageSize });
  await deliver();
}

test("one that is answered is delivered, and its answer kept", async () => {
  const { webhookId } = await addWebhook();
  endpoints.answer = () => new Response("thanks ".repeat(200), { status: 202 });
  await tell();
  expect(await deliveries()).toEqual([
    {
      deliveryId: endpoints.received[0]?.headers["webhook-id"],
      webhookId,
      type: "settings.changed",
      data: expect.objectContaining({ actor: "ann", revision: 1 }) as object,
      at: NOW,
      status: "delivered",
      attempt: 1,
      attempts: [
        {
          at: expect.any(Number) as number,
          durationMs: 0,
          status: 202,
          body: "thanks ".repeat(200).slice(0, 500),
        },
      ],
      finishedAt: expect.any(Number) as number,
    },
  ]);
});

test("one that fails is tried again for more than a day, ever more rarely, with one id; then its endpoint is disabled", async () => {
  const { webhookId } = await addWebhook();
  endpoints.answer = () => {
    throw new Error("connection reset");
  };
  await tell();
  await advance(t, 12 * HOUR_MS);
  expect(await onlyWebhook()).toMatchObject({
    disabled: null,
    failingSince: endpoints.received[0]?.at,
  });
  await advance(t, 20 * HOUR_MS);
  const minutes = endpoints.received.map(({ at }) => (at - NOW) / MINUTE_MS);
  const waits = minutes.slice(1).map((at, i) => at - minutes[i]!);
  const least = [5 / 60, 1, 5, 30, 120, 240, 480, 600];
  expect(waits).toHaveLength(least.length);
  for (const [i, wait] of waits.entries()) {
    expect(wait).toBeGreaterThanOrEqual(least[i]! - 1e-6);
    // A fifth of jitter, and what the workpool takes.
    expect(wait).toBeLessThan(least[i]! * 1.2 + 0.1);
  }
  const ids = endpoints.received.map(({ headers }) => headers["webhook-id"]);
  expect(new Set(ids).size).toBe(1);
  const times = endpoints.received.map(
    ({ headers }) => headers["webhook-timestamp"],
  );
  expect(new Set(times).size).toBe(times.length);
  const [delivery] = await deliveries();
  expect(delivery).toMatchObject({ status: "failed" });
  expect(delivery?.attempts.map(({ error }) => error)).toEqual(
    Array(9).fill("connection reset"),
  );
  expect(await onlyWebhook()).toMatchObject({
    webhookId,
    disabled: { why: "failing", at: endpoints.received.at(-1)?.at },
  });
  const { entries } = await t.query(api.operator.log.page, {
    limit: 1,
    what: ["webhook.disabled"],
  });
  expect(entries).toMatchObject([
    { actor: "watchdog", target: webhookId, after: { why: "failing" } },
  ]);
});

test("a disabled endpoint is told of nothing, also of what waits, until it is enabled", async () => {
  const { webhookId } = await addWebhook();
  endpoints.answer = status(500);
  await tell();
  endpoints.answer = status(410);
  await tell();
  expect(await onlyWebhook()).toMatchObject({ disabled: { why: "gone" } });
  await tell();
  await advance(t, HOUR_MS);
  const sent = endpoints.received.length;
  expect((await deliveries()).map(({ status, why }) => [status, why])).toEqual([
    ["failed", undefined],
    ["failed", "The webhook was disabled before it was delivered."],
  ]);
  expect(sent).toBeLessThanOrEqual(3);

  endpoints.answer = status(200);
  const by = { webhookId, actor: "ann" };
  const [failed] = await deliveries();
  const asked = { deliveryId: failed?.deliveryId ?? "" };
  await expect(t.mutation(api.alerts.deliveries.resend, asked)).rejects.toThrow(
    "is disabled",
  );
  expect(await t.mutation(api.alerts.webhooks.enable, by)).toMatchObject({
    enabled: true,
  });
  expect(await t.mutation(api.alerts.webhooks.enable, by)).toMatchObject({
    enabled: false,
  });
  await tell();
  expect(endpoints.received).toHaveLength(sent + 1);
  expect(await onlyWebhook()).toMatchObject({
    disabled: null,
    failingSince: null,
  });
});

test("an endpoint that answers again within the day stays, and its failures are forgotten", async () => {
  await addWebhook();
  endpoints.answer = status(503);
  await tell();
  expect((await onlyWebhook()).failingSince).not.toBeNull();
  endpoints.answer = status(204);
  await advance(t, 10_000);
  expect(await onlyWebhook()).toMatchObject({ failingSince: null });
  expect(await deliveries()).toMatchObject([
    { status: "delivered", attempts: [{ status: 503 }, { status: 204 }] },
  ]);
});

test("each delivery to a webhook that answers writes nothing to its row", async () => {
  await addWebhook();
  const row = () =>
    t.run((ctx) =>
      ctx.db.query("webhooks").withIndex("by_creation_time").unique(),
    );
  const before = await row();
  await tell();
  expect(await row()).toEqual(before);
});

describe("how soon a failed one is tried again", () => {
  test.each([
    ["in seconds", { "retry-after": "3600" }, 503, 60],
    [
      "by a date",
      { "retry-after": new Date(NOW + 2 * HOUR_MS).toUTCString() },
      503,
      120,
    ],
    ["and no more than a day", { "retry-after": "99999999" }, 503, 1_440],
    ["or in words, which are none", { "retry-after": "soon" }, 503, 0],
    ["where it has too much to do", {}, 429, 1],
  ])("it may say, %s", async (_how, headers, code, minutes) => {
    await addWebhook();
    endpoints.answer = status(code, headers);
    await tell();
    const [delivery] = await deliveries();
    const wait = ((delivery?.nextAt ?? 0) - NOW) / MINUTE_MS;
    expect(wait).toBeGreaterThanOrEqual(minutes);
    expect(wait).toBeLessThan(minutes + 0.2);
  });
});

test("a redirect is not followed, and said", async () => {
  await addWebhook();
  endpoints.answer = status(302, { location: "https://other.example/a/b" });
  await tell();
  expect(endpoints.received).toHaveLength(1);
  expect((await deliveries())[0]?.attempts[0]).toMatchObject({
    status: 302,
    error:
      "It redirects to https://other.example/a/…, and no redirect is followed: add the address that it leads to.",
  });
});

test("one that was delivered can be sent again, with its id", async () => {
  await addWebhook();
  await tell();
  const deliveryId = endpoints.received[0]?.headers["webhook-id"] ?? "";
  const { attempt } = await t.mutation(api.alerts.deliveries.resend, {
    deliveryId,
  });
  await deliver();
  expect(
    endpoints.received.map(({ headers }) => headers["webhook-id"]),
  ).toEqual([deliveryId, deliveryId]);
  const [delivery] = await deliveries();
  expect(attempt).toBe(2);
  expect(delivery).toMatchObject({ status: "delivered", attempt: 2 });
  expect(delivery?.attempts).toHaveLength(2);
  await expect(
    t.mutation(api.alerts.deliveries.resend, { deliveryId: "nope" }),
  ).rejects.toThrow("no delivery");
});

test("a test is sent once, also to a disabled endpoint, and says nothing of its failures", async () => {
  const { webhookId } = await addWebhook({ events: ["run.failed"] });
  endpoints.answer = status(500);
  await t.mutation(api.alerts.webhooks.test, { webhookId });
  await advance(t, HOUR_MS);
  expect(endpoints.types).toEqual(["webhook.test"]);
  expect(await onlyWebhook()).toMatchObject({ failingSince: null });
  expect(await deliveries()).toMatchObject([{ status: "failed" }]);
});

test("one whose webhook is removed is not made", async () => {
  const { webhookId } = await addWebhook();
  endpoints.answer = status(500);
  await tell();
  await t.mutation(api.alerts.webhooks.remove, { webhookId, actor: "ann" });
  await advance(t, HOUR_MS);
  expect(endpoints.received).toHaveLength(1);
  expect(await deliveries()).toMatchObject([
    {
      status: "failed",
      why: "The webhook was removed before it was delivered.",
    },
  ]);
});

test("an attempt whose process dies is made again, and the endpoint not blamed", async () => {
  await addWebhook();
  await changeSettings({ pageSize: 400 });
  const row = await untilEnqueued();
  const link = { deliveryId: row._id, attempt: row.attempt };
  // The process that began it ends here.
  expect(await t.mutation(internal.alerts.attempts.begin, link)).not.toBeNull();
  await advance(t, 30_000);
  expect(endpoints.received).toEqual([]);
  await advance(t, MINUTE_MS);
  expect(endpoints.received).toHaveLength(1);
  expect(await deliveries()).toMatchObject([
    {
      status: "delivered",
      attempts: [
        { error: "The attempt was lost: its process ended." },
        { status: 200 },
      ],
    },
  ]);
  expect(await onlyWebhook()).toMatchObject({ failingSince: null });
  // What the lost one says afterwards is void.
  const late = { at: NOW, durationMs: 1, status: 500 };
  await t.mutation(internal.alerts.attempts.end, { ...link, outcome: late });
  expect(await deliveries()).toMatchObject([{ status: "delivered" }]);
});

test("one whose job is lost is sent by the watchdog", async () => {
  await addWebhook();
  await changeSettings({ pageSize: 400 });
  const row = await untilEnqueued();
  await t.run((ctx) => ctx.db.patch("deliveries", row._id, { attempt: 7 }));
  await advance(t, 14 * MINUTE_MS);
  expect(endpoints.received).toEqual([]);
  await advance(t, 2 * MINUTE_MS);
  await t.mutation(internal.schedules.watchdog.check, {});
  await deliver();
  expect(endpoints.types).toEqual(["settings.changed"]);
  expect(await deliveries()).toMatchObject([{ status: "delivered" }]);
});

describe("the ledger", () => {
  test("is paged, of all or of one webhook, with any status or one", async () => {
    const first = await addWebhook();
    const second = await addWebhook({ url: "http://localhost/" });
    endpoints.answer = ({ url }) =>
      new Response("", { status: url.includes("localhost") ? 404 : 200 });
    for (let i = 0; i < 3; i += 1) await tell();
    const page = api.alerts.deliveries.page;
    const all = await t.query(page, { limit: 100 });
    expect(all).toMatchObject({ cursor: null });
    expect(all.deliveries).toHaveLength(6);
    const paged: unknown[] = [];
    let cursor: string | null = null;
    do {
      const one: typeof all = await t.query(page, { limit: 2, cursor });
      paged.push(...one.deliveries);
      cursor = one.cursor;
    } while (cursor !== null);
    expect(paged).toEqual(all.deliveries);
    const { webhookId } = second;
    for (const [of, count] of [
      [{ webhookId: first.webhookId }, 3],
      [{ webhookId, status: "pending" as const }, 3],
      [{ webhookId, status: "failed" as const }, 0],
      [{ status: "delivered" as const }, 3],
    ] as const) {
      const found = await t.query(page, { ...of, limit: 100 });
      expect(found.deliveries).toHaveLength(count);
    }
  });

  test("keeps deliveries for thirty days, and 5,000 at most; none that is still to be made goes", async () => {
    const { webhookId } = await addWebhook();
    const put = (from: number, count: number, at: number, pending = false) =>
      t.run(async (ctx) => {
        for (let number = from; number < from + count; number += 1) {
          await ctx.db.insert("deliveries", {
            webhook: webhookId,
            type: "run.completed",
            data: {},
            at,
            status: pending ? "pending" : "delivered",
            attempts: [],
            attempt: 1,
            tries: 1,
            number,
          });
        }
      });
    await put(1, 3, NOW - 31 * DAY_MS);
    await put(4, 1, NOW - 31 * DAY_MS, true);
    await put(5, 10, NOW - 29 * DAY_MS);
    await put(KEEP_DELIVERIES + 7, 1, NOW);
    await t.mutation(internal.schedules.watchdog.check, {});
    const numbers = await t.run(async (ctx) =>
      (await ctx.db.query("deliveries").withIndex("number").take(100)).map(
        ({ number }) => number,
      ),
    );
    expect(numbers).toEqual([4, 8, 9, 10, 11, 12, 13, 14, KEEP_DELIVERIES + 7]);
  });
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The only delivery, once it has a job that has not begun. */
async function untilEnqueued() {
  for (let steps = 0; steps < 10; steps += 1) {
    const row = await t.run((ctx) =>
      ctx.db.query("deliveries").withIndex("by_creation_time").unique(),
    );
    if (row !== null && row.attempt > 0) return row;
    await step(t);
  }
  throw new Error("The delivery is not sent.");
}
