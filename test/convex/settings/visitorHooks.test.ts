/** The hooks that are called in visitors' and operators' own calls: what they get, and what becomes of a failure. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Block } from "../../../client/index.js";
import { fakeClock, MINUTE_MS, NOW } from "../support/fresh.js";
import { sessionTracker } from "../support/hooksApp/component.js";
import { install, setUpApp, type App } from "../support/hooksApp/setup.js";

let t: App;
fakeClock(NOW);
beforeEach(async () => {
  t = setUpApp();
  await t.mutation(install, {
    onStarted: "noteStarted",
    onEnded: "noteEnded",
    onLinked: "moveCarts",
  });
});

describe("onStarted", () => {
  test("is told of each visit by its number, and of nothing within one", async () => {
    const sessionId = await beat("ann");
    vi.setSystemTime(NOW + 2 * MINUTE_MS);
    await beat("ann");
    await act("ann");
    // Idle since, though no run has come.
    vi.setSystemTime(NOW + 40 * MINUTE_MS);
    await act("ann");
    await end("ann");
    vi.setSystemTime(NOW + 41 * MINUTE_MS);
    await beat("ann");
    const session = { sessionId, anonymousId: "ann", createdAt: NOW };
    expect(await told("onStarted")).toEqual([
      { ...session, lastActive: NOW, visit: 1 },
      { ...session, lastActive: NOW + 40 * MINUTE_MS, visit: 2 },
      { ...session, lastActive: NOW + 41 * MINUTE_MS, visit: 3 },
    ]);
  });

  test("where it fails, the visitor is tracked and the failure named, once a minute", async () => {
    await refuse("ann");
    const before = { since: NOW, at: NOW };
    expect(await beat("ann")).toEqual(expect.any(String));
    expect(await told("onStarted")).toEqual([]);
    expect(await failures()).toEqual([
      {
        hook: "onStarted",
        ...before,
        error: expect.stringMatching(
          /hook onStarted \(hooks:noteStarted\) failed: .*invoice/,
        ) as string,
      },
    ]);
    await end("ann");
    vi.setSystemTime(NOW + 1_000);
    await beat("ann");
    expect(await failures()).toMatchObject([before, { hook: "onEnded" }]);
    await end("ann");
    vi.setSystemTime(NOW + MINUTE_MS);
    await beat("ann");
    expect(await failures()).toMatchObject([
      { since: NOW, at: NOW + MINUTE_MS },
      { hook: "onEnded" },
    ]);
    // A hook that is set again has not failed yet.
    await t.mutation(install, { onStarted: "noteStarted" });
    expect(await failures()).toMatchObject([{ hook: "onEnded" }]);
  });

  test("is called after all else is written, so that it may call the component", async () => {
    await t.mutation(install, { onStarted: "actOnStart" });
    await act("ann");
    expect((await actionsOf("ann")).toSorted()).toEqual(["buy", "came"]);
    expect((await lookAt("ann")).lease).toMatchObject({ actionCount: 2 });
  });
});

describe("onEnded", () => {
  test("is told of ends by visitors, operators and the app, with reason and block", async () => {
    await beat("ann");
    await end("ann", "bye");
    await end("ann", "again");
    vi.setSystemTime(NOW + MINUTE_MS);
    await beat("ann");
    const blockedUntil = NOW + 2 * MINUTE_MS;
    await block("ann", { reason: "stolen", block: { forMs: MINUTE_MS } });
    await block("ann", { block: "forever" });
    await block("ann", {});
    expect(await told("onEnded")).toMatchObject([
      { lastActive: NOW, reason: "bye" },
      { lastActive: NOW + MINUTE_MS, reason: "stolen", blockedUntil },
      { lastActive: NOW + MINUTE_MS, blockedUntil: "forever" },
    ]);
  });

  test("where it fails, the session is ended and blocked all the same", async () => {
    await beat("ann");
    await refuse("ann");
    expect(await block("ann", { block: "forever" })).toMatchObject({
      ended: true,
      blockedUntil: "forever",
    });
    expect(await told("onEnded")).toEqual([]);
    expect(await failures()).toMatchObject([{ hook: "onEnded" }]);
  });
});

describe("onLinked", () => {
  test("is told of the user and of the one before, and not of the same again", async () => {
    await link("ann", "u-1");
    await link("ann", "u-1");
    vi.setSystemTime(NOW + 2 * MINUTE_MS);
    await beat("ann");
    await link("ann", "u-2");
    await unlink("ann");
    await unlink("ann");
    const calls = await told("onLinked");
    expect(calls).toMatchObject([
      { anonymousId: "ann", lastActive: NOW, userId: "u-1" },
      {
        lastActive: NOW + 2 * MINUTE_MS,
        userId: "u-2",
        previousUserId: "u-1",
      },
      { previousUserId: "u-2" },
    ]);
    expect(calls[0]).not.toHaveProperty("previousUserId");
    expect(calls[2]).not.toHaveProperty("userId");
  });

  test("where it fails, nobody is linked, and its own error is thrown", async () => {
    await link("ann", "u-1");
    await refuse("ann");
    await expect(link("ann", "u-2")).rejects.toMatchObject({
      data: { kind: "cartLocked" },
    });
    expect(await lookAt("ann")).toMatchObject({ userId: "u-1" });
    await t.mutation((ctx) =>
      ctx.runMutation(sessionTracker.settings.settings.setHooks, {
        onLinked: "function://;hooks:renamedLongAgo",
      }),
    );
    await expect(link("ann", "u-2")).rejects.toThrow(
      /hook onLinked \(hooks:renamedLongAgo\) failed/,
    );
    expect(await failures()).toEqual([]);
  });
});

// ── Helpers ─────────────────────────────────────────────────────────────────

async function beat(anonymousId: string): Promise<string> {
  const answer = await t.mutation((ctx) =>
    ctx.runMutation(sessionTracker.visitors.heartbeat.beat, { anonymousId }),
  );
  if (!answer.ok) throw new Error(answer.reason);
  return answer.sessionId;
}

async function act(anonymousId: string): Promise<void> {
  const answer = await t.mutation((ctx) =>
    ctx.runMutation(sessionTracker.visitors.action.record, {
      anonymousId,
      action: "buy",
    }),
  );
  expect(answer.ok).toBe(true);
}

function end(anonymousId: string, reason?: string) {
  return t.mutation((ctx) =>
    ctx.runMutation(sessionTracker.visitors.end.visit, {
      anonymousId,
      ...(reason === undefined ? {} : { reason }),
    }),
  );
}

function block(anonymousId: string, how: { reason?: string; block?: Block }) {
  return t.mutation((ctx) =>
    ctx.runMutation(sessionTracker.visitors.block.end, {
      session: { anonymousId },
      ...how,
    }),
  );
}

function link(anonymousId: string, userId: string) {
  return t.mutation((ctx) =>
    ctx.runMutation(sessionTracker.visitors.link.user, {
      anonymousId,
      userId,
    }),
  );
}

function unlink(anonymousId: string) {
  return t.mutation((ctx) =>
    ctx.runMutation(sessionTracker.visitors.link.none, {
      session: { anonymousId },
    }),
  );
}

async function refuse(anonymousId: string): Promise<void> {
  await t.run(async (ctx) => {
    await ctx.db.insert("refused", { anonymousId });
  });
}

/** The sessions that a hook was told of, in the order of its calls. */
async function told(hook: string) {
  const calls = await t.run((ctx) => ctx.db.query("calls").collect());
  return calls
    .filter((call) => call.hook === hook)
    .flatMap(({ sessions }) => sessions);
}

/** The failures that `status` names, with the hook that failed. */
async function failures() {
  const { hooks } = await t.query((ctx) =>
    ctx.runQuery(sessionTracker.operator.status.get, {}),
  );
  return hooks.flatMap(({ name, failure }) =>
    failure === null ? [] : [{ hook: name, ...failure }],
  );
}

async function lookAt(anonymousId: string) {
  const session = await t.query((ctx) =>
    ctx.runQuery(sessionTracker.operator.show.get, { id: anonymousId }),
  );
  return session ?? expect.fail(`There is no ${anonymousId}.`);
}

async function actionsOf(anonymousId: string): Promise<string[]> {
  const { sessionId } = await lookAt(anonymousId);
  const { actions } = await t.query((ctx) =>
    ctx.runQuery(sessionTracker.operator.show.timeline, { sessionId }),
  );
  return actions.map(({ action }) => action);
}
