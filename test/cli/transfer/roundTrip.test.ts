/** Random rows of every table that an export has: exported, imported and exported again they give the same bytes. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Random } from "../../../embedded/test/support/random.js";
import type { ImportJson } from "../../../cli/json/transfer.js";
import { countStates } from "../../../convex/sessionTracker/rows/counters.js";
import {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared/times.js";
import type {
  Entry,
  Visit,
} from "../../../convex/sessionTracker/shared/visits.js";
import { expectInvariants } from "../../convex/support/rows.js";
import { NOW, setUpDeployment } from "../support/deployment.js";

const SESSIONS = 40;

test.each([1, 2, 3, 4, 5, 6])(
  "random rows of all tables, seed %d",
  async (seed) => {
    const first = setUpDeployment();
    await fill(first.component, new Random(seed));
    await expectInvariants(first.component);
    await first.terminal.run("export", "first.jsonl");
    const bytes = readFileSync(
      join(first.terminal.folder, "first.jsonl"),
      "utf8",
    );
    expect(bytes).toContain('"blockedUntil":"forever"');
    expect(bytes).toMatch(/"blockedUntil":\d/);
    expect(bytes).toContain('"purgedActions"');

    const second = setUpDeployment();
    writeFileSync(join(second.terminal.folder, "all.jsonl"), bytes);
    const done = await second.terminal.json<ImportJson>(
      "import",
      "all.jsonl",
      "--yes",
    );
    expect(done).toMatchObject({ created: SESSIONS, invalid: 0 });
    await expectInvariants(second.component);
    const exported = await second.terminal.run("export", "-");
    expect(exported.stdout).toBe(bytes);

    const again = await second.terminal.json<ImportJson>(
      "import",
      "all.jsonl",
      "--yes",
    );
    expect(again).toMatchObject({ unchanged: SESSIONS, visits: 0, actions: 0 });
    expect((await second.terminal.run("export", "-")).stdout).toBe(bytes);
  },
);

// ── Helpers ─────────────────────────────────────────────────────────────────

type Component = ReturnType<typeof setUpDeployment>["component"];

function fill(component: Component, random: Random) {
  return component.run(async (ctx) => {
    const states = { active: 0, expired: 0, ended: 0 };
    for (let n = 0; n < SESSIONS; n += 1) {
      const { session, visits, lease, actions } = randomSession(random, n);
      states[session.state] += 1;
      const id = await ctx.db.insert("sessions", session);
      for (const visit of visits) {
        await ctx.db.insert("visits", { session: id, ...visit });
      }
      if (lease !== null) {
        const { anonymousId } = session;
        await ctx.db.insert("leases", { anonymousId, session: id, ...lease });
      }
      for (const action of actions) {
        await ctx.db.insert("actions", { session: id, ...action });
      }
    }
    for (let n = 1; n <= 9; n += 1) {
      const visits = random.below(1_000);
      await ctx.db.insert("days", {
        day: `2026-07-0${n}`,
        shard: random.below(8),
        newVisitors: random.below(visits + 1),
        visits,
        bounces: random.below(visits + 1),
        engagedMs: random.below(DAY_MS),
        actions: random.below(5_000),
      });
    }
    await countStates(ctx, states);
  });
}

function randomSession(random: Random, n: number) {
  const kind = KINDS[n % KINDS.length]!;
  const isActive = kind === "active" || kind === "purged";
  let at = NOW - 60 * DAY_MS + random.below(10 * DAY_MS);
  const createdAt = at;
  const finished: Visit[] = [];
  for (
    let left = isActive ? random.below(4) : 1 + random.below(4);
    left > 0;
    left -= 1
  ) {
    const startedAt = at;
    const endedAt = startedAt + random.below(3 * HOUR_MS);
    finished.push(randomVisit(random, startedAt, endedAt));
    at = endedAt + HOUR_MS + random.below(3 * DAY_MS);
  }
  const actions = [];
  for (let left = random.below(5); left > 0; left -= 1) {
    actions.push(randomAction(random, createdAt + random.below(HOUR_MS)));
  }
  const lease = isActive ? randomLease(random, at, kind === "purged") : null;
  const before = lease === null ? Infinity : lease.startedAt;
  const known = actions.filter((action) => action.at < before);
  if (lease !== null) {
    for (let left = lease.actionCount; left > 0; left -= 1) {
      const within = lease.lastActive - lease.startedAt;
      known.push(
        randomAction(random, lease.startedAt + random.below(within + 1)),
      );
    }
  }
  const last = finished.at(-1);
  const ofOwn = finished.slice(0, -1);
  const engagedMs = finished.reduce((sum, visit) => sum + visit.engagedMs, 0);
  const ends =
    kind === "blocked"
      ? {
          blockedUntil: random.pick([
            "forever" as const,
            NOW + 1 + random.below(DAY_MS),
          ]),
        }
      : {};
  const inactiveSince =
    (last?.endedAt ?? at) + (kind === "expired" ? 0 : random.below(2));
  return {
    session: {
      anonymousId: `${kind}-${random.below(1e9)}-${n}`,
      createdAt,
      state: isActive
        ? ("active" as const)
        : kind === "expired"
          ? kind
          : ("ended" as const),
      visits: finished.length + (isActive ? 1 : 0) + random.below(2),
      actionCount: known.length - (lease?.actionCount ?? 0),
      engagedMs: engagedMs + random.pick([0, 5]),
      ...(last === undefined ? {} : { lastVisit: last }),
      ...(ofOwn.length === 0 ? {} : { visitRows: ofOwn.length }),
      ...(isActive ? {} : { inactiveSince }),
      ...(random.chance(0.5) ? { firstEntry: randomEntry(random) } : {}),
      ...(random.chance(0.5) ? { userId: `user-${random.below(5)}` } : {}),
      ...((kind === "ended" || kind === "blocked") && random.chance(0.5)
        ? { endReason: "signed out" }
        : {}),
      ...ends,
    },
    visits: ofOwn,
    lease,
    actions: known,
  };
}

/** What sessions there are; `purged` are active ones of whose visit a purge has taken actions by their age. */
const KINDS = ["active", "purged", "expired", "ended", "blocked"] as const;

function randomLease(random: Random, startedAt: number, isPurged: boolean) {
  const lastActive = startedAt + 1 + random.below(2 * HOUR_MS);
  const engagedMs = random.below(lastActive - startedAt);
  return {
    startedAt,
    lastActive,
    actionCount: random.below(4),
    ...(isPurged ? { purgedActions: 1 + random.below(9) } : {}),
    engagedMs,
    ...(random.chance(0.5) ? { engagedAt: startedAt + engagedMs } : {}),
    ...(random.chance(0.5) ? { entry: randomEntry(random) } : {}),
    ...(random.chance(0.5) ? { path: "/here" } : {}),
    ...(random.chance(0.2) ? { formerUserId: random.pick(["ada", null]) } : {}),
    touchAfterMs: MINUTE_MS,
    idleTimeoutMs: 30 * MINUTE_MS,
    maxVisitMs: DAY_MS,
  };
}

function randomVisit(
  random: Random,
  startedAt: number,
  endedAt: number,
): Visit {
  return {
    startedAt,
    endedAt,
    engagedMs: random.below(endedAt - startedAt + 1),
    actions: random.below(5),
    ...(random.chance(0.5) ? { entry: randomEntry(random) } : {}),
    ...(random.chance(0.5) ? { exitPath: "/bye" } : {}),
    why: random.pick(["idle", "maximum", "ended"] as const),
    ...(random.chance(0.3) ? { userId: "ada" } : {}),
  };
}

function randomEntry(random: Random): Entry {
  return {
    ...(random.chance(0.5) ? { path: `/${random.below(9)}` } : {}),
    ...(random.chance(0.5) ? { referrer: "news.example.com" } : {}),
    ...(random.chance(0.5) ? { utmSource: "mail" } : {}),
    ...(random.chance(0.5) ? { device: "mobile" as const } : {}),
  };
}

function randomAction(random: Random, at: number) {
  const values = [1, "two", null, [true, 3.5], { b: 1, a: [2n] }];
  return {
    at,
    action: random.pick(["view", "buy"]),
    ...(random.chance(0.5) ? { resourceId: `r${random.below(3)}` } : {}),
    ...(random.chance(0.5) ? { metadata: random.pick<unknown>(values) } : {}),
  };
}
