/** The bounds on strangers: who is refused, when they may come again, what is counted of it, and what it costs. */
import { describe, expect, test, vi } from "vitest";
import { networkOf } from "../../../convex/sessionTracker/visitors/newcomers.js";
import type { Policy } from "../../../convex/sessionTracker/shared/settings.js";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  MINUTE_MS,
  NOW,
  t,
} from "../support/fresh.js";
import { record, totals, type Recording } from "../support/recorder.js";
import { expectInvariants, readRows } from "../support/rows.js";
import { drawAllShards } from "../support/runKit.js";

const TOO_MANY = { ok: false, reason: "tooManySessions" };

freshComponent();

describe("new sessions a minute", () => {
  test("beyond the bound are refused, and let in again when the answer says", async () => {
    await setPolicy({ maxNewSessionsPerMinute: 3 });
    expect(await createdOf(["a", "b", "c"])).toBe(3);
    const refused = await beat("d");
    expect(refused).toMatchObject(TOO_MANY);
    const { retryAfterMs = 0 } = refused as { retryAfterMs?: number };
    // One comes free every 20 s.
    expect(retryAfterMs).toBeGreaterThanOrEqual(20_000);
    expect(retryAfterMs).toBeLessThanOrEqual(25_000);
    expect(Number.isInteger(retryAfterMs)).toBe(true);
    pass(retryAfterMs);
    expect(await beat("d")).toMatchObject({ ok: true, state: "created" });
    expect(await beat("e")).toMatchObject(TOO_MANY);
  });

  test("are refused before anything is written, whichever call comes first", async () => {
    await setPolicy({ maxNewSessionsPerMinute: 1 });
    await beat("first");
    const before = await readRows(t);
    expect(await beat("x")).toMatchObject(TOO_MANY);
    expect(await act("x")).toMatchObject(TOO_MANY);
    await expect(link("x")).rejects.toMatchObject({
      data: {
        kind: "tooManySessions",
        retryAfterMs: expect.any(Number) as number,
      },
    });
    expect(await readRows(t)).toEqual(before);
    // A call that throws undoes its count with it.
    expect((await refusals()).newSessions).toBe(2);
  });

  test("never refuse a visitor who has a session, whatever became of it", async () => {
    await createdOf(["active", "idle", "ended"]);
    await t.mutation(api.visitors.end.visit, { anonymousId: "ended" });
    pass(HOUR_MS);
    await beat("active");
    await setPolicy({ maxNewSessionsPerMinute: 1 });
    await beat("new");
    expect(await beat("newer")).toMatchObject(TOO_MANY);
    for (const id of ["active", "idle", "ended"]) {
      expect(await beat(id)).toMatchObject({ ok: true });
      expect(await act(id)).toMatchObject({ ok: true });
      await link(id);
    }
    await expectInvariants(t);
  });

  test("are not bounded by `never`, and a changed bound holds at once", async () => {
    await setPolicy({ maxNewSessionsPerMinute: 2 });
    await createdOf(["a", "b"]);
    expect(await beat("c")).toMatchObject(TOO_MANY);
    await setPolicy({ maxNewSessionsPerMinute: "never" });
    expect(await createdOf(ids("free-", 50))).toBe(50);
  });

  test("are let in after a clock that was ahead is set right", async () => {
    await setPolicy({
      maxNewSessionsPerMinute: 2,
      maxNewSessionsPerMinutePerAddress: 2,
    });
    const caller = t.withRequestMetadata({ ip: "192.0.2.1" });
    vi.setSystemTime(NOW + DAY_MS);
    await createdOf(["a", "b"], caller);
    vi.setSystemTime(NOW);
    expect(await createdOf(["c", "d", "e"], caller)).toBe(2);
  });

  test("are 6,000 by default: 300 come at once, as many as in three seconds", async () => {
    const created = await createdOf(ids("burst-", 320));
    expect(created).toBeGreaterThanOrEqual(270);
    expect(created).toBeLessThanOrEqual(300);
  });
});

describe("new sessions a minute of an address", () => {
  const from = (ip: string) => t.withRequestMetadata({ ip });

  test("are refused by the address, without a word to others", async () => {
    await setPolicy({ maxNewSessionsPerMinutePerAddress: 2 });
    expect(await createdOf(["a", "b"], from("192.0.2.1"))).toBe(2);
    expect(await beat("c", from("192.0.2.1"))).toMatchObject({
      ...TOO_MANY,
      retryAfterMs: expect.any(Number) as number,
    });
    expect(await beat("c", from("192.0.2.2"))).toMatchObject({ ok: true });
    expect(await refusals()).toMatchObject({ ofAddress: 1, newSessions: 0 });
  });

  test("count an IPv6 customer's network as one address", async () => {
    await setPolicy({ maxNewSessionsPerMinutePerAddress: 1 });
    await beat("a", from("2001:db8:1:2::1"));
    expect(await beat("b", from("2001:db8:1:2:ffff::9"))).toMatchObject(
      TOO_MANY,
    );
    expect(await beat("b", from("2001:db8:1:3::1"))).toMatchObject({
      ok: true,
    });
  });

  test("are unbounded where the call comes from no address", async () => {
    await setPolicy({ maxNewSessionsPerMinutePerAddress: 1 });
    expect(await createdOf(["a", "b", "c"])).toBe(3);
  });

  test("use nothing up where the deployment's bound refuses", async () => {
    await setPolicy({
      maxNewSessionsPerMinute: 1,
      maxNewSessionsPerMinutePerAddress: 1,
    });
    await beat("a", from("192.0.2.1"));
    expect(await beat("b", from("192.0.2.2"))).toMatchObject(TOO_MANY);
    await setPolicy({ maxNewSessionsPerMinute: "never" });
    expect(await beat("b", from("192.0.2.2"))).toMatchObject({ ok: true });
  });

  test("store a salt, and nothing that an address could be read from", async () => {
    await setPolicy({ maxNewSessionsPerMinutePerAddress: 2 });
    await beat("a", from("192.0.2.1"));
    const [row] = await t.run((ctx) => ctx.db.query("settings").collect());
    expect(row?.addressSalt).toMatch(/^[0-9a-f-]{36}$/);
    await setPolicy({ maxNewSessionsPerMinutePerAddress: "never" });
    await t.mutation(api.settings.settings.setHooks, { onExpired: "hook" });
    const [kept] = await t.run((ctx) => ctx.db.query("settings").collect());
    expect(kept?.addressSalt).toBe(row?.addressSalt);
    const shown = await t.query(api.settings.settings.get, {});
    expect(shown).not.toHaveProperty("addressSalt");
    const rows = JSON.stringify([await readRows(t), shown]);
    expect(rows).not.toContain("192.0.2");
  });

  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["2001:0DB8:0:0:1::", "2001:db8:0:0"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["::1", "0:0:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0"],
  ])("the network of %s is %s", (ip, network) => {
    expect(networkOf(ip)).toBe(network);
  });
});

describe("actions a minute of a session", () => {
  const FULL = { ok: false, reason: "tooManyActions" };

  test("beyond the bound are refused until its minute is over", async () => {
    await setPolicy({ maxActionsPerMinute: 3 });
    for (let n = 0; n < 3; n++) {
      expect(await act("a")).toMatchObject({ ok: true });
      pass(10_000);
    }
    const before = await expectInvariants(t);
    expect(await act("a")).toEqual({ ...FULL, retryAfterMs: 30_000 });
    expect(await expectInvariants(t)).toEqual(before);
    expect(await act("b")).toMatchObject({ ok: true });
    pass(30_000 - 1);
    expect(await act("a")).toEqual({ ...FULL, retryAfterMs: 1 });
    pass(1);
    expect(await act("a")).toMatchObject({ ok: true });
    expect(await refusals()).toMatchObject({ actionsPerMinute: 2 });
  });

  test("are no more for who ends the visit, or begins the next", async () => {
    await setPolicy({ maxActionsPerMinute: 2, maxVisitMs: MINUTE_MS });
    await beat("a");
    pass(MINUTE_MS - 1_000);
    await act("a");
    pass(2_000);
    // The first visit is at its maximum; the second has one action left of the minute.
    expect(await act("a")).toMatchObject({ ok: true });
    expect(await act("a")).toMatchObject(FULL);
    await t.mutation(api.visitors.end.visit, { anonymousId: "a" });
    const shown = await t.query(api.operator.show.get, { id: "a" });
    expect(shown).toMatchObject({ state: "ended", visits: 2 });
    expect(await act("a")).toMatchObject(FULL);
    await beat("a");
    expect(await act("a")).toMatchObject(FULL);
    pass(MINUTE_MS);
    expect(await act("a")).toMatchObject({ ok: true });
    const { sessions } = await expectInvariants(t);
    expect(sessions[0]).not.toHaveProperty("actionMinute");
  });

  test("are 120 by default, and unbounded by `never`", async () => {
    for (let n = 0; n < 120; n++) await act("a");
    expect(await act("a")).toEqual({ ...FULL, retryAfterMs: MINUTE_MS });
    await setPolicy({ maxActionsPerMinute: "never" });
    expect(await act("a")).toMatchObject({ ok: true });
  });

  test("a full session says so without a time to come again", async () => {
    await setPolicy({ maxActionsPerSession: 1 });
    await act("a");
    expect(await act("a")).toEqual(FULL);
    expect(await refusals()).toMatchObject({
      actionsPerSession: 1,
      actionsPerMinute: 0,
    });
  });

  test("begin anew where the clock was ahead", async () => {
    await setPolicy({ maxActionsPerMinute: 1 });
    await act("a");
    vi.setSystemTime(NOW - DAY_MS);
    expect(await act("a")).toMatchObject({ ok: true });
  });
});

describe("what is refused", () => {
  test("is counted one by one while it is little, and forgotten after a day", async () => {
    await setPolicy({ maxNewSessionsPerMinute: 1 });
    expect(await refusals()).toEqual({
      newSessions: 0,
      ofAddress: 0,
      actionsPerMinute: 0,
      actionsPerSession: 0,
      lastAt: null,
    });
    await beat("first");
    for (const id of ids("x", 16)) await beat(id);
    expect(await refusals()).toMatchObject({ newSessions: 16, lastAt: NOW });
    pass(DAY_MS - 1);
    expect(await refusals()).toMatchObject({ newSessions: 16 });
    pass(1);
    expect(await refusals()).toMatchObject({ newSessions: 0, lastAt: null });
  });

  test("is counted to a fifth in a flood, which writes little", async () => {
    await setPolicy({ maxNewSessionsPerMinute: 1 });
    await beat("first");
    const flood = 4_000;
    const { transactions } = await record(async () => {
      for (const id of ids("x", flood)) await beat(id);
    });
    const { newSessions } = await refusals();
    expect(newSessions).toBeGreaterThan(0.8 * flood);
    expect(newSessions).toBeLessThan(1.2 * flood);
    expect(totals(transactions).writes).toBeLessThan(flood / 3);
    const rows = await t.run((ctx) => ctx.db.query("refusals").collect());
    expect(rows).toHaveLength(16);
  }, 120_000);
});

describe("costs", () => {
  test("a new visitor costs three reads and a write more with the bound than without", async () => {
    // The first calls of a shard find no row.
    await createdOf(ids("warm-", 200));
    pass(MINUTE_MS);
    const bound = await costOf(() => beat("with"));
    await setPolicy({ maxNewSessionsPerMinute: "never" });
    const unbound = await costOf(() => beat("without"));
    expect(bound.writes).toBe(unbound.writes + 1);
    // The row of the settings, which is there now, is one read more.
    expect(bound.reads).toBe(unbound.reads - 1 + 3);
  });

  test("two who come at once seldom write what the other reads", async () => {
    await drawAllShards(t);
    await createdOf(ids("warm-", 200));
    pass(MINUTE_MS);
    expect(await shareInConflict("new-")).toBeLessThan(0.35);
    // Under five a second they have one shard: there are too few to meet.
    await setPolicy({ maxNewSessionsPerMinute: 299 });
    pass(MINUTE_MS);
    expect(await shareInConflict("few-")).toBe(1);
  });

  test("a refused one reads five documents at most, and writes one or none", async () => {
    await setPolicy({ maxNewSessionsPerMinute: 300 });
    await createdOf(ids("warm-", 100));
    const { reads, writes } = await costOf(() => beat("refused"));
    expect(reads).toBeLessThanOrEqual(5);
    expect(writes).toBeLessThanOrEqual(1);
  });

  test("an action costs as much with its bound as without", async () => {
    await act("a");
    const bound = await costOf(() => act("a"));
    await setPolicy({ maxActionsPerMinute: "never" });
    const unbound = await costOf(() => act("a"));
    expect(bound.writes).toBe(unbound.writes);
    expect(bound.reads).toBe(unbound.reads - 1);
  });
});

// ── Helpers ─────────────────────────────────────────────────────────────────

type Caller = Pick<typeof t, "mutation">;

function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

function beat(anonymousId: string, caller: Caller = t) {
  return caller.mutation(api.visitors.heartbeat.beat, { anonymousId });
}

function act(anonymousId: string) {
  const action = { anonymousId, action: "click" };
  return t.mutation(api.visitors.action.record, action);
}

function link(anonymousId: string) {
  return t.mutation(api.visitors.link.user, { anonymousId, userId: "ada" });
}

function ids(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}${n}`);
}

/** How many of the visitors were let in, one after the other. */
async function createdOf(anonymousIds: string[], caller: Caller = t) {
  let created = 0;
  for (const anonymousId of anonymousIds) {
    if ((await beat(anonymousId, caller)).ok) created += 1;
  }
  return created;
}

function setPolicy(patch: Partial<Policy>) {
  return t.mutation(api.settings.settings.change, { patch, actor: "ada" });
}

async function refusals() {
  return (await t.query(api.operator.status.get, {})).refused;
}

/** Of all pairs of 24 new visitors, the share in which one writes what the other reads. */
async function shareInConflict(prefix: string): Promise<number> {
  const signUps: Recording[] = [];
  for (const id of ids(prefix, 24)) {
    signUps.push(await record(() => beat(id)));
  }
  const pairs = signUps.flatMap((one, n) =>
    signUps.slice(n + 1).map((other) => [one, other] as const),
  );
  const conflicts = pairs.filter(
    ([one, other]) => isRead(one, other) || isRead(other, one),
  );
  return conflicts.length / pairs.length;
}

/** Whether one reads or writes a document that the other writes. */
function isRead(one: Recording, other: Recording): boolean {
  return [...other.idsWritten].some(
    (id) => one.idsRead.has(id) || one.idsWritten.has(id),
  );
}

async function costOf(call: () => Promise<unknown>) {
  const { transactions } = await record(call);
  expect(transactions).toHaveLength(1);
  const { reads, writes } = totals(transactions);
  return { reads, writes };
}
