/** What visitors read of their own visit. */
import { describe, expect, test, vi } from "vitest";
import {
  api,
  DAY_MS,
  freshComponent,
  MINUTE_MS,
  NOW,
  t,
} from "../support/fresh.js";
import { record } from "../support/recorder.js";
import { readRows } from "../support/rows.js";

const anonymousId = "user123";
const visitor = { anonymousId };
const entry = {
  path: "/pricing",
  referrer: "news.example.com",
  device: "mobile" as const,
};

freshComponent();

const ownVisit = (id = anonymousId) =>
  t.query(api.visitors.ownVisit.get, { anonymousId: id });

const beat = (visit: { path?: string; engagedMs?: number } = {}, id?: string) =>
  t.mutation(api.visitors.heartbeat.beat, {
    anonymousId: id ?? anonymousId,
    visit,
  });

function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

test("nobody has no visit", async () => {
  expect(await ownVisit()).toBeNull();
  expect(await ownVisit("no id at all")).toBeNull();
  expect(await ownVisit("")).toBeNull();
});

test("the visit under way is as heartbeats and actions have told it so far", async () => {
  await beat(entry);
  const first = { startedAt: NOW, entry, why: null, visits: 1 };
  expect(await ownVisit()).toEqual({
    ...first,
    lastActive: NOW,
    engagedMs: 0,
    actions: 0,
    path: "/pricing",
  });
  pass(2 * MINUTE_MS);
  await beat({ path: "/checkout", engagedMs: 70_000 });
  await t.mutation(api.visitors.action.record, { ...visitor, action: "buy" });
  expect(await ownVisit()).toEqual({
    ...first,
    lastActive: NOW + 2 * MINUTE_MS,
    engagedMs: 70_000,
    actions: 1,
    path: "/checkout",
  });
});

test("a visitor of whom no facts are known has none", async () => {
  await t.mutation(api.visitors.heartbeat.beat, visitor);
  expect(await ownVisit()).toEqual({
    startedAt: NOW,
    lastActive: NOW,
    engagedMs: 0,
    actions: 0,
    why: null,
    visits: 1,
  });
});

describe("a visit that is over", () => {
  test("stays to be read, until the next begins", async () => {
    await beat(entry);
    pass(5 * MINUTE_MS);
    await t.mutation(api.visitors.end.visit, {
      ...visitor,
      visit: { engagedMs: 90_000 },
    });
    expect(await ownVisit()).toEqual({
      startedAt: NOW,
      lastActive: NOW + 5 * MINUTE_MS,
      engagedMs: 90_000,
      actions: 0,
      entry,
      path: "/pricing",
      why: "ended",
      visits: 1,
    });
    pass(MINUTE_MS);
    await beat({ path: "/again" });
    expect(await ownVisit()).toMatchObject({
      startedAt: NOW + 6 * MINUTE_MS,
      engagedMs: 0,
      entry: { path: "/again" },
      why: null,
      visits: 2,
    });
  });

  test("is over once idle, whether or not a run has come by", async () => {
    await beat(entry);
    pass(30 * MINUTE_MS);
    expect(await ownVisit()).toMatchObject({ why: null });
    pass(1);
    const idle = await ownVisit();
    expect(idle).toMatchObject({ lastActive: NOW, why: "idle" });
    await t.mutation(api.runs.control.start, {
      kind: "expire",
      actor: "test",
      trigger: "operator",
    });
    await t.finishInProgressScheduledFunctions();
    vi.runOnlyPendingTimers();
    await t.finishInProgressScheduledFunctions();
    expect((await readRows(t)).leases).toEqual([]);
    expect(await ownVisit()).toEqual(idle);
  });

  test("is unknown of a session that was imported without any", async () => {
    const at = NOW - DAY_MS;
    const row = { anonymousId, createdAt: at, lastActive: at };
    await t.mutation(api.operator.import.batch, { rows: [row] });
    expect(await ownVisit()).toBeNull();
  });
});

test("the sessionId, which others may know, shows nothing", async () => {
  await beat(entry);
  const [session] = (await readRows(t)).sessions;
  expect(await ownVisit(session?._id)).toBeNull();
});

test("reads the visitor's own two documents only, so that nobody else re-runs it", async () => {
  await beat(entry);
  for (const other of ["user122", "user1234", "another"]) await beat({}, other);
  const { sessions, leases } = await readRows(t);
  const own = [...sessions, ...leases].filter(
    (row) => row.anonymousId === anonymousId,
  );
  const read = await record(() => ownVisit());
  expect([...read.idsRead].sort()).toEqual(own.map(({ _id }) => _id).sort());
  expect([...read.tablesRead].sort()).toEqual(["leases", "sessions"]);
});

test("of a blocked visitor the visit says until when, and no more once that is over", async () => {
  await beat(entry);
  const session = visitor;
  await t.mutation(api.visitors.block.end, {
    session,
    block: { forMs: MINUTE_MS },
  });
  const blocked = { why: "ended", blockedUntil: NOW + MINUTE_MS };
  expect(await ownVisit()).toMatchObject(blocked);
  await t.mutation(api.visitors.block.end, { session, block: "forever" });
  expect(await ownVisit()).toMatchObject({ blockedUntil: "forever" });
  await t.mutation(api.visitors.block.lift, { session });
  expect(await ownVisit()).not.toHaveProperty("blockedUntil");

  await t.mutation(api.visitors.block.end, {
    session,
    block: { forMs: MINUTE_MS },
  });
  pass(MINUTE_MS);
  expect(await ownVisit()).not.toHaveProperty("blockedUntil");
});
