/** The limits of tracking: the calls that are refused, and erasures of more than one call can do. */
import { getConvexSize } from "convex/values";
import { describe, expect, test, vi } from "vitest";
import { api, fakeClock } from "../support/fresh.js";
import { expectInvariants, type Component } from "../support/rows.js";
import { setUpComponent } from "../support/setup.js";
import {
  MAX_ACTION_NAME,
  MAX_RESOURCE_ID,
} from "../../../convex/sessionTracker/shared/sessions.js";
import {
  DEFAULT_SETTINGS,
  type Policy,
} from "../../../convex/sessionTracker/shared/settings.js";

const START = Date.UTC(2026, 0, 1);
const anonymousId = "user123";
const visitor = { anonymousId };

fakeClock(START);

describe("anonymousId", () => {
  test.each([
    ["user123"],
    ["x"],
    ["x".repeat(128)],
    ["8c1f4f0e-7c3e-4a55-9d0e-0d3f4f6f2b11"],
    ["a_b-c.d:e"],
  ])("%s is valid", async (valid) => {
    const t = setUpComponent();
    const call = { anonymousId: valid };
    const tracked = await t.mutation(api.visitors.heartbeat.beat, call);
    expect(tracked).toMatchObject({ ok: true, state: "created" });
    const acted = { ...call, action: "click" };
    expect(await t.mutation(api.visitors.action.record, acted)).toMatchObject({
      ok: true,
    });
  });

  test.each([
    [""],
    ["x".repeat(129)],
    ["two words"],
    ["line\n"],
    ["größe"],
    ["a/b"],
    ["<script>"],
  ])("%j is refused and leaves no row", async (invalid) => {
    const t = setUpComponent();
    const call = { anonymousId: invalid };
    const refused = { ok: false, reason: "invalidAnonymousId" };
    expect(await t.mutation(api.visitors.heartbeat.beat, call)).toEqual(
      refused,
    );
    const acted = { ...call, action: "click" };
    expect(await t.mutation(api.visitors.action.record, acted)).toEqual(
      refused,
    );
    const link = { ...call, userId: "ada" };
    await expect(
      t.mutation(api.visitors.link.user, link),
    ).rejects.toMatchObject({
      data: { kind: "invalidAnonymousId" },
    });
    expect(await t.mutation(api.visitors.end.visit, call)).toEqual({
      ended: false,
      sessionId: null,
    });
    expect(await t.mutation(api.visitors.forget.visitor, call)).toEqual({
      erased: false,
      sessionId: null,
      actions: 0,
      told: null,
    });
    expect((await expectInvariants(t)).sessions).toEqual([]);
  });
});

describe("an action over a cap is refused, never cut, and is no sign of life", () => {
  test.each([
    [-1, "ok"],
    [0, "tooManyActions"],
    [+1, "tooManyActions"],
  ])("with maxActionsPerSession %i recorded: %s", async (offset, result) => {
    const t = setUpComponent();
    await setPolicy(t, { maxActionsPerSession: 3 + 1 });
    for (let n = 0; n < 3 + offset; n++) await act(t);
    await setPolicy(t, { maxActionsPerSession: 3 });
    await expectOutcome(t, {}, result);
  });

  test("actions of earlier visits count", async () => {
    const t = setUpComponent();
    await setPolicy(t, { maxActionsPerSession: 2 });
    await act(t);
    await t.mutation(api.visitors.end.visit, visitor);
    await act(t);
    await expectOutcome(t, {}, "tooManyActions");
  });

  test("a full session is not revived by an action, but by a heartbeat", async () => {
    const t = setUpComponent();
    await setPolicy(t, { maxActionsPerSession: 1 });
    await act(t);
    await t.mutation(api.visitors.end.visit, visitor);
    await expectOutcome(t, {}, "tooManyActions");
    const { sessions } = await expectInvariants(t);
    expect(sessions).toMatchObject([{ state: "ended", visits: 1 }]);
    const revived = await t.mutation(api.visitors.heartbeat.beat, visitor);
    expect(revived).toMatchObject({ state: "revived" });
  });

  test("a cap of 0 takes no action and creates no session", async () => {
    const t = setUpComponent();
    await setPolicy(t, { maxActionsPerSession: 0 });
    await expectOutcome(t, {}, "tooManyActions");
    expect((await expectInvariants(t)).sessions).toEqual([]);
  });

  test.each([
    [-1, "ok"],
    [0, "ok"],
    [+1, "metadataTooLarge"],
  ])("metadata of maxMetadataBytes %i: %s", async (offset, result) => {
    const t = setUpComponent();
    const size = DEFAULT_SETTINGS.maxMetadataBytes + offset;
    await expectOutcome(t, { metadata: metadataOf(size) }, result);
  });

  test("metadata is measured in bytes, not in characters", async () => {
    const t = setUpComponent();
    const { maxMetadataBytes } = DEFAULT_SETTINGS;
    const metadata = "é".repeat(maxMetadataBytes / 2);
    await expectOutcome(t, { metadata }, "metadataTooLarge");
  });

  test.each([
    ["no name", { action: "" }, "invalidAction"],
    ["the longest name", { action: "n".repeat(MAX_ACTION_NAME) }, "ok"],
    [
      "a name one character too long",
      { action: "n".repeat(MAX_ACTION_NAME + 1) },
      "invalidAction",
    ],
    ["the longest id", { resourceId: "r".repeat(MAX_RESOURCE_ID) }, "ok"],
    [
      "an id one character too long",
      { resourceId: "r".repeat(MAX_RESOURCE_ID + 1) },
      "invalidAction",
    ],
  ])("%s", async (_, what, result) => {
    await expectOutcome(setUpComponent(), what, result);
  });

  test("an action is recorded exactly as sent", async () => {
    const t = setUpComponent();
    const what = {
      action: "buy",
      resourceId: "sku/1",
      metadata: { price: 3n, tags: ["new", null], nested: { deep: true } },
    };
    await act(t, what);
    const { actions } = await expectInvariants(t);
    expect(actions).toMatchObject([{ ...what, at: START }]);
  });
});

describe("forget", () => {
  test("erases thousands of actions over several transactions", async () => {
    const t = setUpComponent();
    await importActions(t, "elsewhere", 3);
    await importActions(t, anonymousId, 1_200);

    const { actions } = await t.mutation(api.visitors.forget.visitor, visitor);
    expect(actions).toBe(1_200);
    const left = await t.run((ctx) => ctx.db.query("actions").collect());
    expect(left.length).toBeGreaterThan(3);

    await t.finishAllScheduledFunctions(vi.runAllTimers);
    const rows = await expectInvariants(t);
    expect(rows.sessions).toMatchObject([{ anonymousId: "elsewhere" }]);
    expect(rows.actions).toHaveLength(3);
  });

  test("keeps the actions of a visitor who comes back meanwhile", async () => {
    const t = setUpComponent();
    await importActions(t, anonymousId, 1_200);
    await t.mutation(api.visitors.forget.visitor, visitor);
    await act(t);
    await t.finishAllScheduledFunctions(vi.runAllTimers);
    const { sessions, actions } = await expectInvariants(t);
    expect(sessions).toMatchObject([{ createdAt: START, visits: 1 }]);
    expect(actions).toHaveLength(1);
  });
});

test("link can be repeated, and keeps the latest user", async () => {
  const t = setUpComponent();
  const link = (userId: string) =>
    t.mutation(api.visitors.link.user, { ...visitor, userId });
  const { sessionId } = await link("ada");
  expect(await link("ada")).toEqual({ sessionId, userId: "ada" });
  expect(await link("grace")).toEqual({ sessionId, userId: "grace" });
  const { sessions } = await expectInvariants(t);
  expect(sessions).toMatchObject([{ userId: "grace", visits: 1 }]);
});

// ── Helpers ─────────────────────────────────────────────────────────────────

interface What {
  action?: string;
  resourceId?: string;
  metadata?: unknown;
}

function act(t: Component, what: What = {}) {
  const call = { ...visitor, action: "click", ...what };
  return t.mutation(api.visitors.action.record, call);
}

async function expectOutcome(t: Component, what: What, expected: string) {
  vi.setSystemTime(Date.now() + 5_000);
  const before = await expectInvariants(t);
  const result = await act(t, what);
  expect(result.ok ? "ok" : result.reason).toBe(expected);
  const after = await expectInvariants(t);
  if (result.ok) {
    expect(after.actions).toHaveLength(before.actions.length + 1);
    expect(after.leases).toMatchObject([{ lastActive: Date.now() }]);
  } else {
    expect(after).toEqual(before);
  }
}

function setPolicy(t: Component, patch: Partial<Policy>) {
  return t.mutation(api.settings.settings.change, { patch, actor: "ada" });
}

function metadataOf(sizeBytes: number): string {
  const metadata = "m".repeat(sizeBytes - getConvexSize(""));
  expect(getConvexSize(metadata)).toBe(sizeBytes);
  return metadata;
}

function importActions(t: Component, id: string, count: number) {
  const actions = Array.from({ length: count }, (_, n) => ({
    at: START - n,
    action: "view",
  }));
  const row = { anonymousId: id, createdAt: START, lastActive: START, actions };
  return t.mutation(api.operator.import.batch, { rows: [row] });
}
