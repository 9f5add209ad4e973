/** The audit log: who did what, in pages, without anything that names a visitor, and for how long it is kept. */
import type { FunctionArgs } from "convex/server";
import { describe, expect, test, vi } from "vitest";
import { AUDIT_WHATS } from "../../../convex/sessionTracker/shared/audit.js";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  internal,
  NOW,
  t,
} from "../support/fresh.js";
import { finishRun, seedExpired } from "../support/runKit.js";

freshComponent();

const ada = { actor: "ada" };

describe("what is audited", () => {
  test("settings and schedules, with the values before and after", async () => {
    await t.mutation(api.settings.settings.change, {
      patch: { retentionDays: 7 },
      ...ada,
      reason: "GDPR",
    });
    const pause = { name: "purge", reason: "moving", ...ada } as const;
    await t.mutation(api.schedules.change.pause, pause);
    expect(await entries()).toMatchObject([
      { what: "schedule.changed", revision: 2, reason: "moving" },
      {
        at: NOW,
        what: "settings.changed",
        actor: "ada",
        reason: "GDPR",
        revision: 1,
        before: { retentionDays: 14 },
        after: { retentionDays: 7 },
      },
    ]);
  });

  test("a run's start, cancel, resume and end, each with its own actor", async () => {
    await seedExpired(t, [
      { anonymousId: "old", lastActive: NOW - 20 * DAY_MS, actions: 3 },
    ]);
    const { runId } = await t.mutation(api.runs.control.start, {
      kind: "purge",
      ...ada,
      reason: "clean",
      trigger: "operator",
      maxSessions: 5,
    });
    const cancel = { runId, actor: "ben", reason: "wait" };
    await t.mutation(api.runs.control.cancel, cancel);
    await t.mutation(api.runs.control.resume, { runId, actor: "cem" });
    await finishRun(t, runId);
    const found = await entries();
    expect(found).toMatchObject([
      {
        what: "run.finished",
        actor: "cem",
        after: { kind: "purge", status: "completed" },
        counts: { sessions: 1, visits: 1, actions: 3 },
      },
      { what: "run.resumed", actor: "cem", before: { status: "canceled" } },
      { what: "run.canceled", actor: "ben", reason: "wait" },
      {
        what: "run.started",
        actor: "ada",
        reason: "clean",
        after: { kind: "purge", trigger: "operator", maxSessions: 5 },
      },
    ]);
    expect(new Set(found.map(({ target }) => target))).toEqual(
      new Set([runId]),
    );
  });

  test("a schedule's fire only where it started a run", async () => {
    vi.setSystemTime(NOW + HOUR_MS);
    await t.mutation(internal.schedules.watchdog.check, {});
    expect(await entries()).toEqual([]);
    await seedExpired(t, [
      { anonymousId: "old", lastActive: NOW - 20 * DAY_MS },
    ]);
    vi.setSystemTime(NOW + 2 * DAY_MS);
    await t.mutation(internal.schedules.dispatch.tick, { name: "purge" });
    expect(await entries()).toMatchObject([
      { what: "run.started", actor: "schedule", after: { kind: "purge" } },
    ]);
  });

  test("ends, blocks, their lifting and erasures by operators and the app, with the sessionId", async () => {
    const session = { anonymousId: "user123" };
    const { sessionId } = await seen("user123");
    await t.mutation(api.visitors.block.end, { session });
    await t.mutation(api.visitors.block.end, {
      session,
      block: { forMs: HOUR_MS },
      ...ada,
      reason: "stolen",
    });
    await t.mutation(api.visitors.block.lift, { session, ...ada });
    await t.mutation(api.visitors.forget.visitor, {
      ...session,
      ...ada,
      reason: "asked by mail",
    });
    const target = sessionId;
    expect(await entries()).toMatchObject([
      {
        what: "session.forgotten",
        ...ada,
        reason: "asked by mail",
        target,
        counts: { sessions: 1, visits: 1, actions: 1 },
      },
      {
        what: "session.unblocked",
        target,
        before: { blockedUntil: NOW + HOUR_MS },
      },
      {
        what: "session.blocked",
        ...ada,
        reason: "stolen",
        target,
        before: { state: "ended" },
        after: { blockedUntil: NOW + HOUR_MS },
      },
      {
        what: "session.ended",
        actor: "app",
        target,
        before: { state: "active" },
      },
    ]);
  });

  test("links and unlinks by somebody else than the visitor, without the user", async () => {
    const link = { anonymousId: "user123", userId: "grace" };
    await t.mutation(api.visitors.link.user, { ...link, ...ada });
    await t.mutation(api.visitors.link.user, { ...link, ...ada });
    const session = { anonymousId: "user123" };
    await t.mutation(api.visitors.link.none, {
      session,
      ...ada,
      reason: "wrong user",
    });
    await t.mutation(api.visitors.link.user, link);
    expect(await entries()).toMatchObject([
      { what: "session.unlinked", ...ada, reason: "wrong user" },
      { what: "session.linked", ...ada },
    ]);
    expect(JSON.stringify(await entries())).not.toContain("grace");
  });

  test("hooks that were set, changed or removed, and not those set again", async () => {
    const handle = "function://;a:b";
    await t.mutation(api.settings.settings.setHooks, { onPurged: handle });
    await t.mutation(api.settings.settings.setHooks, { onPurged: handle });
    const clear = { ...ada };
    await t.mutation(api.operator.hooks.clear, clear);
    expect(await entries()).toMatchObject([
      {
        what: "hooks.changed",
        ...ada,
        target: "onPurged",
        before: { handle },
        after: { handle: null },
      },
      { what: "hooks.changed", actor: "app", target: "onPurged" },
    ]);
  });

  test("nothing that visitors do, and nothing that changed nothing", async () => {
    const visitor = { anonymousId: "user123" };
    await seen("user123");
    const session = visitor;
    await t.mutation(api.visitors.end.visit, visitor);
    await t.mutation(api.visitors.block.end, { session, ...ada });
    await t.mutation(api.visitors.block.lift, { session, ...ada });
    await t.mutation(api.visitors.forget.visitor, visitor);
    await t.mutation(api.visitors.forget.visitor, { ...visitor, ...ada });
    await t.mutation(api.visitors.block.end, { session, ...ada });
    expect(await entries()).toEqual([]);
  });
});

test("no entry holds an anonymousId, a userId or metadata", async () => {
  const secrets = ["anon-SECRET", "user-SECRET", "meta-SECRET", "/path-SECRET"];
  const [anonymousId, userId, metadata, path] = secrets as [
    string,
    string,
    string,
    string,
  ];
  for (const block of [undefined, "forever"] as const) {
    await t.mutation(api.visitors.heartbeat.beat, {
      anonymousId,
      visit: { path },
    });
    await t.mutation(api.visitors.action.record, {
      anonymousId,
      action: "click",
      metadata: { metadata },
    });
    await t.mutation(api.visitors.link.user, { anonymousId, userId });
    const session = { anonymousId };
    await t.mutation(api.visitors.block.end, {
      session,
      ...(block === undefined ? {} : { block }),
      ...ada,
    });
    await t.mutation(api.visitors.block.lift, { session, ...ada });
  }
  await t.mutation(api.visitors.forget.visitor, { anonymousId, ...ada });
  const all = JSON.stringify(
    await t.run(async (ctx) => [
      await ctx.db.query("audit").collect(),
      await ctx.db.query("erasures").collect(),
      await ctx.db.query("erasureSalt").collect(),
    ]),
  );
  expect(all).toContain("session.forgotten");
  expect(all).not.toContain("SECRET");
});

describe("the log", () => {
  test("comes in pages, filtered by kind and time, and loses and repeats nothing", async () => {
    for (let n = 0; n < 12; n += 1) {
      vi.setSystemTime(NOW + Math.floor(n / 3) * HOUR_MS);
      await write(AUDIT_WHATS[n % 4]!, String(n));
    }
    await older(3);
    const newestFirst = Array.from({ length: 12 }, (_, n) => String(11 - n));
    const oldest = ["old 3", "old 2", "old 1"];
    expect(await inPages(5, {})).toEqual([...newestFirst, ...oldest]);
    expect(await inPages(1, {})).toEqual([...newestFirst, ...oldest]);
    expect(await inPages(15, {})).toEqual([...newestFirst, ...oldest]);
    const what = [AUDIT_WHATS[0], AUDIT_WHATS[3]];
    expect(await inPages(2, { what })).toEqual([
      ...["11", "8", "7", "4", "3", "0"],
      ...["old 3", "old 1"],
    ]);
    expect(await inPages(1, { what: ["schedule.changed"] })).toEqual([
      ...["9", "5", "1"],
      "old 2",
    ]);
    expect(await inPages(9, { what: ["run.started"] })).toEqual([
      "11",
      "7",
      "3",
    ]);
    const since = NOW + HOUR_MS;
    const recent = newestFirst.slice(0, 9);
    expect(await inPages(4, { since })).toEqual(recent);
    expect(await inPages(4, { since: { agoMs: 2 * HOUR_MS } })).toEqual(recent);
    expect(await inPages(4, { since: NOW - DAY_MS - 2 })).toEqual([
      ...newestFirst,
      ...oldest.slice(0, 2),
    ]);
    expect(await inPages(4, { what: [] })).toEqual([]);
  });

  test("refuses a limit beyond a thousand and a cursor of its own making", async () => {
    for (const limit of [0, 1_001, 1.5]) {
      await expect(t.query(api.operator.log.page, { limit })).rejects.toThrow(
        "limit must be",
      );
    }
    const mine = { limit: 5, cursor: "mine" };
    await expect(t.query(api.operator.log.page, mine)).rejects.toThrow("mine");
  });

  test("goes on with the revisions of the log before it", async () => {
    await older(2);
    await t.run((ctx) =>
      ctx.db.insert("settings", { overrides: {}, revision: 2 }),
    );
    await t.mutation(api.settings.settings.change, {
      patch: { pageSize: 7 },
      ...ada,
    });
    const log = await t.query(api.settings.settings.log, {});
    expect(log.map(({ revision }) => revision)).toEqual([3, 2, 1]);
    const some = { limit: 1, before: 3 };
    expect(await t.query(api.settings.settings.log, some)).toMatchObject([
      { revision: 2, actor: "old 2" },
    ]);
    const stale = { patch: {}, ...ada, expectedRevision: 2 };
    await expect(
      t.mutation(api.settings.settings.change, stale),
    ).rejects.toMatchObject({ data: { last: { actor: "ada" } } });
  });
});

describe("entries are kept", () => {
  test.each<[number | "never" | undefined, string[]]>([
    [undefined, ["0", "1"]],
    [30, ["1"]],
    ["never", ["old 1", "0", "1"]],
  ])("for %s days, 400 where not set", async (auditRetentionDays, left) => {
    await older(1);
    await write("session.ended", "0");
    if (auditRetentionDays !== undefined) {
      const patch = { auditRetentionDays };
      await t.mutation(api.settings.settings.change, { patch, actor: "1" });
    }
    vi.setSystemTime(NOW + 31 * DAY_MS);
    if (auditRetentionDays === undefined) {
      vi.setSystemTime(NOW + 400 * DAY_MS - 1);
    }
    await write("session.ended", "1");
    await t.mutation(internal.schedules.watchdog.check, {});
    const actors = (await entries()).map(({ actor }) => actor);
    expect([...new Set(actors)].toReversed()).toEqual(left);
  });
});

// ── Helpers ─────────────────────────────────────────────────────────────────

type LogArgs = FunctionArgs<typeof api.operator.log.page>;

async function entries() {
  return (await t.query(api.operator.log.page, { limit: 100 })).entries;
}

async function inPages(limit: number, args: Omit<LogArgs, "limit">) {
  const actors: string[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof readPage>> = await readPage(cursor);
    expect(page.entries.length).toBeLessThanOrEqual(limit);
    actors.push(...page.entries.map(({ actor }) => actor));
    ({ cursor } = page);
  } while (cursor !== null);
  return actors;

  function readPage(cursor: string | null) {
    return t.query(api.operator.log.page, { ...args, limit, cursor });
  }
}

function write(what: (typeof AUDIT_WHATS)[number], actor: string) {
  return t.run((ctx) =>
    ctx.db.insert("audit", { at: Date.now(), what, actor }),
  );
}

/** Writes changes as the log before this one had them; the second is of a schedule. */
function older(count: number) {
  return t.run(async (ctx) => {
    for (let revision = 1; revision <= count; revision += 1) {
      const after =
        revision === 2 ? { schedules: { purge: {} } } : { pageSize: revision };
      await ctx.db.insert("settingsLog", {
        revision,
        at: NOW - DAY_MS - 4 + revision,
        actor: `old ${revision}`,
        before: {},
        after,
      });
    }
  });
}

async function seen(anonymousId: string) {
  const action = { anonymousId, action: "click" };
  const answer = await t.mutation(api.visitors.action.record, action);
  if (!answer.ok) throw new Error(answer.reason);
  return answer;
}
