/**
 * The state machine, state by state and event by event. Each cell of the table says what the caller
 * gets and what the rows say afterwards; after each, the invariants and counters are checked too.
 */
import type { ConvexError } from "convex/values";
import { describe, expect, test, vi } from "vitest";
import {
  api,
  DAY_MS,
  fakeClock,
  HOUR_MS,
  MINUTE_MS,
} from "../support/fresh.js";
import { expectInvariants, type Component } from "../support/rows.js";
import { untilFirstPage } from "../support/runKit.js";
import { setUpComponent } from "../support/setup.js";
import { DEFAULT_SETTINGS } from "../../../convex/sessionTracker/shared/settings.js";

const START = Date.UTC(2026, 0, 1);
const anonymousId = "user123";
const visitor = { anonymousId };

fakeClock(START);

/**
 * In each state the visitor has done one action, at START; the event follows at the time that the name
 * says.
 */
const states = {
  none: () => Promise.resolve(),
  "active, fresh": async (t) => {
    await act(t);
    pass(10_000);
  },
  "active, touchable": async (t) => {
    await act(t);
    pass(5 * MINUTE_MS);
  },
  "active, idle (no run yet)": async (t) => {
    await act(t);
    pass(31 * MINUTE_MS);
  },
  expired: async (t) => {
    await act(t);
    pass(31 * MINUTE_MS);
    await run(t, "expire");
  },
  ended: async (t) => {
    await act(t);
    pass(5 * MINUTE_MS);
    await t.mutation(api.visitors.end.visit, {
      ...visitor,
      reason: "signed out",
    });
    pass(MINUTE_MS);
  },
  blocked: async (t) => {
    await act(t);
    pass(5 * MINUTE_MS);
    await t.mutation(api.visitors.block.end, {
      session: visitor,
      reason: "abuse",
      block: { forMs: HOUR_MS },
    });
    pass(MINUTE_MS);
  },
  "blocked, block over": async (t) => {
    await states.blocked(t);
    pass(HOUR_MS - MINUTE_MS);
  },
  forgotten: async (t) => {
    await act(t);
    pass(5 * MINUTE_MS);
    await t.mutation(api.visitors.forget.visitor, visitor);
  },
} satisfies Record<string, (t: Component) => Promise<void>>;

const events = {
  heartbeat: async (t) => {
    const result = await t.mutation(api.visitors.heartbeat.beat, visitor);
    return result.ok ? result.state : result.reason;
  },
  action: async (t) => {
    const result = await act(t);
    return result.ok ? "ok" : result.reason;
  },
  end: async (t) => {
    const { ended } = await t.mutation(api.visitors.end.visit, visitor);
    return ended ? "ended" : "not active";
  },
  forget: async (t) => {
    const result = await t.mutation(api.visitors.forget.visitor, visitor);
    return result.erased ? `erased with ${result.actions}` : "nobody";
  },
  link: async (t) => {
    const link = { ...visitor, userId: "ada" };
    const linked = t.mutation(api.visitors.link.user, link);
    return await linked.then(
      ({ userId }) => userId,
      ({ data }: ConvexError<{ kind: string }>) => data.kind,
    );
  },
  unlink: async (t) => {
    const call = { session: visitor };
    const { unlinked } = await t.mutation(api.visitors.link.none, call);
    return unlinked ? "unlinked" : "nobody's";
  },
  "expire run": (t) => run(t, "expire"),
  "purge run": (t) => run(t, "purge"),
} satisfies Record<string, (t: Component) => Promise<string>>;

type Cell = [result: string, after: string];

const BLOCKED = "ended (abuse), visit 1, 1 action, seen 60 s ago";
const BLOCK_OVER = "ended (abuse), visit 1, 1 action, seen 3600 s ago";

const table: Record<keyof typeof states, Record<keyof typeof events, Cell>> = {
  none: {
    heartbeat: ["created", "active, visit 1, 0 actions, seen 0 s ago"],
    action: ["ok", "active, visit 1, 1 action, seen 0 s ago"],
    end: ["not active", "no row"],
    forget: ["nobody", "no row"],
    link: ["ada", "active, visit 1, 0 actions, seen 0 s ago, is ada"],
    unlink: ["nobody's", "no row"],
    "expire run": ["took 0", "no row"],
    "purge run": ["took 0", "no row"],
  },
  "active, fresh": {
    heartbeat: ["unchanged", "active, visit 1, 1 action, seen 10 s ago"],
    action: ["ok", "active, visit 1, 2 actions, seen 0 s ago"],
    end: ["ended", "ended, visit 1, 1 action, seen 0 s ago"],
    forget: ["erased with 1", "no row"],
    link: ["ada", "active, visit 1, 1 action, seen 10 s ago, is ada"],
    unlink: ["nobody's", "active, visit 1, 1 action, seen 10 s ago"],
    "expire run": ["took 0", "active, visit 1, 1 action, seen 10 s ago"],
    "purge run": ["took 0", "active, visit 1, 1 action, seen 10 s ago"],
  },
  "active, touchable": {
    heartbeat: ["touched", "active, visit 1, 1 action, seen 0 s ago"],
    action: ["ok", "active, visit 1, 2 actions, seen 0 s ago"],
    end: ["ended", "ended, visit 1, 1 action, seen 0 s ago"],
    forget: ["erased with 1", "no row"],
    link: ["ada", "active, visit 1, 1 action, seen 300 s ago, is ada"],
    unlink: ["nobody's", "active, visit 1, 1 action, seen 300 s ago"],
    "expire run": ["took 0", "active, visit 1, 1 action, seen 300 s ago"],
    "purge run": ["took 0", "active, visit 1, 1 action, seen 300 s ago"],
  },
  "active, idle (no run yet)": {
    heartbeat: ["revived", "active, visit 2, 1 action, seen 0 s ago"],
    action: ["ok", "active, visit 2, 2 actions, seen 0 s ago"],
    end: ["ended", "ended, visit 1, 1 action, seen 1860 s ago"],
    forget: ["erased with 1", "no row"],
    link: ["ada", "active, visit 1, 1 action, seen 1860 s ago, is ada"],
    unlink: ["nobody's", "active, visit 1, 1 action, seen 1860 s ago"],
    "expire run": ["took 1", "expired, visit 1, 1 action, seen 1860 s ago"],
    "purge run": ["took 0", "active, visit 1, 1 action, seen 1860 s ago"],
  },
  expired: {
    heartbeat: ["revived", "active, visit 2, 1 action, seen 0 s ago"],
    action: ["ok", "active, visit 2, 2 actions, seen 0 s ago"],
    end: ["not active", "expired, visit 1, 1 action, seen 1860 s ago"],
    forget: ["erased with 1", "no row"],
    link: ["ada", "expired, visit 1, 1 action, seen 1860 s ago, is ada"],
    unlink: ["nobody's", "expired, visit 1, 1 action, seen 1860 s ago"],
    "expire run": ["took 0", "expired, visit 1, 1 action, seen 1860 s ago"],
    "purge run": ["took 0", "expired, visit 1, 1 action, seen 1860 s ago"],
  },
  ended: {
    heartbeat: ["revived", "active, visit 2, 1 action, seen 0 s ago"],
    action: ["ok", "active, visit 2, 2 actions, seen 0 s ago"],
    end: ["not active", "ended (signed out), visit 1, 1 action, seen 60 s ago"],
    forget: ["erased with 1", "no row"],
    link: [
      "ada",
      "ended (signed out), visit 1, 1 action, seen 60 s ago, is ada",
    ],
    unlink: [
      "nobody's",
      "ended (signed out), visit 1, 1 action, seen 60 s ago",
    ],
    "expire run": [
      "took 0",
      "ended (signed out), visit 1, 1 action, seen 60 s ago",
    ],
    "purge run": [
      "took 0",
      "ended (signed out), visit 1, 1 action, seen 60 s ago",
    ],
  },
  blocked: {
    heartbeat: ["revoked", `${BLOCKED}, blocked for 3540 s`],
    action: ["revoked", `${BLOCKED}, blocked for 3540 s`],
    end: ["not active", `${BLOCKED}, blocked for 3540 s`],
    forget: ["erased with 1", "no row"],
    link: ["revoked", `${BLOCKED}, blocked for 3540 s`],
    unlink: ["nobody's", `${BLOCKED}, blocked for 3540 s`],
    "expire run": ["took 0", `${BLOCKED}, blocked for 3540 s`],
    "purge run": ["took 0", `${BLOCKED}, blocked for 3540 s`],
  },
  "blocked, block over": {
    heartbeat: ["revived", "active, visit 2, 1 action, seen 0 s ago"],
    action: ["ok", "active, visit 2, 2 actions, seen 0 s ago"],
    end: ["not active", `${BLOCK_OVER}, blocked for 0 s`],
    forget: ["erased with 1", "no row"],
    link: ["ada", `${BLOCK_OVER}, is ada, blocked for 0 s`],
    unlink: ["nobody's", `${BLOCK_OVER}, blocked for 0 s`],
    "expire run": ["took 0", `${BLOCK_OVER}, blocked for 0 s`],
    "purge run": ["took 0", `${BLOCK_OVER}, blocked for 0 s`],
  },
  forgotten: {
    heartbeat: ["created", "active, visit 1, 0 actions, seen 0 s ago"],
    action: ["ok", "active, visit 1, 1 action, seen 0 s ago"],
    end: ["not active", "no row"],
    forget: ["nobody", "no row"],
    link: ["ada", "active, visit 1, 0 actions, seen 0 s ago, is ada"],
    unlink: ["nobody's", "no row"],
    "expire run": ["took 0", "no row"],
    "purge run": ["took 0", "no row"],
  },
};

describe.each(keysOf(states))("a session that is %s", (state) => {
  test.each(keysOf(events))("%s", async (event) => {
    const t = setUpComponent();
    await states[state](t);
    const result = await events[event](t);
    expect([result, await describeRows(t)]).toEqual(table[state][event]);
  });
});

describe("cutoffs, at −1, 0 and +1 ms", () => {
  test.each([
    [-1, "touched", 1],
    [0, "touched", 1],
    [+1, "revived", 2],
  ])(
    "a heartbeat %i ms beyond idleTimeout after the last one: %s",
    async (offset, result, visits) => {
      const t = setUpComponent();
      await events.heartbeat(t);
      pass(DEFAULT_SETTINGS.idleTimeoutMs + offset);
      expect(await events.heartbeat(t)).toBe(result);
      expect(await describeRows(t)).toContain(`visit ${visits},`);
    },
  );

  test.each([
    [-1, "unchanged", START],
    [0, "touched", START + DEFAULT_SETTINGS.touchAfterMs],
    [+1, "touched", START + DEFAULT_SETTINGS.touchAfterMs + 1],
  ])(
    "a heartbeat %i ms beyond touchAfter after the last one: %s",
    async (offset, result, lastActive) => {
      const t = setUpComponent();
      await events.heartbeat(t);
      pass(DEFAULT_SETTINGS.touchAfterMs + offset);
      expect(await events.heartbeat(t)).toBe(result);
      const { leases } = await expectInvariants(t);
      expect(leases).toMatchObject([{ lastActive }]);
    },
  );

  test.each([
    [-1, "active"],
    [0, "active"],
    [+1, "expired"],
  ])(
    "an expire run %i ms beyond idleTimeout after the last activity leaves the session %s",
    async (offset, state) => {
      const t = setUpComponent();
      await act(t);
      pass(DEFAULT_SETTINGS.idleTimeoutMs + offset);
      await run(t, "expire");
      expect(await describeRows(t)).toMatch(new RegExp(`^${state},`));
    },
  );

  test.each([
    [-1, "ended"],
    [0, "ended"],
    [+1, "no row"],
  ])(
    "a purge 14 days and %i ms after the visit's end leaves the session %s",
    async (offset, state) => {
      const t = setUpComponent();
      await act(t);
      await events.end(t);
      pass(14 * DAY_MS + offset);
      await run(t, "purge");
      expect(await describeRows(t)).toMatch(new RegExp(`^${state}`));
    },
  );

  test.each([
    [-1, "active"],
    [0, "active"],
    [+1, "no row"],
  ])(
    "a purge %i ms past the retention leaves a session that no run has expired %s",
    async (offset, state) => {
      const t = setUpComponent();
      await act(t);
      pass(14 * DAY_MS + offset);
      await run(t, "purge");
      expect(await describeRows(t)).toMatch(new RegExp(`^${state}`));
    },
  );
});

describe("inactiveSince", () => {
  test("is the last activity, however late the expire run", async () => {
    const t = setUpComponent();
    await events.heartbeat(t);
    pass(7 * MINUTE_MS);
    await act(t);
    pass(5 * DAY_MS);
    await run(t, "expire");
    const { sessions } = await expectInvariants(t);
    expect(sessions).toMatchObject([
      { createdAt: START, inactiveSince: START + 7 * MINUTE_MS },
    ]);
  });

  test("is not changed by a late expire run, nor is the purge", async () => {
    const t = setUpComponent();
    await act(t);
    pass(14 * DAY_MS + 1);
    await run(t, "expire");
    expect(await run(t, "purge")).toBe("took 1");
  });

  test("is removed when the visitor returns, with the reason of the end", async () => {
    const t = setUpComponent();
    await states.ended(t);
    await events.heartbeat(t);
    const { sessions } = await expectInvariants(t);
    expect(sessions[0]).not.toHaveProperty("inactiveSince");
    expect(sessions[0]).not.toHaveProperty("endReason");
  });
});

describe("visits", () => {
  test("do not depend on the time of expire runs", async () => {
    const counted = [];
    for (const withRuns of [false, true]) {
      const t = setUpComponent();
      for (const minutes of [0, 20, 40, 5, 31, 30]) {
        pass(minutes * MINUTE_MS);
        if (withRuns) await run(t, "expire");
        await act(t);
      }
      counted.push(await describeRows(t));
    }
    const [late, onTime] = counted;
    expect(onTime).toBe("active, visit 3, 6 actions, seen 0 s ago");
    expect(late).toBe(onTime);
  });

  test("copy the settings when they start, so that a change applies to the next one", async () => {
    const t = setUpComponent();
    await events.heartbeat(t);
    const patch = { idleTimeoutMs: 2 * MINUTE_MS, touchAfterMs: 1_000 };
    await t.mutation(api.settings.settings.change, { patch, actor: "ada" });

    pass(10_000);
    expect(await events.heartbeat(t)).toBe("unchanged");
    pass(20 * MINUTE_MS);
    expect(await events.heartbeat(t)).toBe("touched");
    expect(await leaseTerms(t)).toEqual({
      idleTimeoutMs: DEFAULT_SETTINGS.idleTimeoutMs,
      touchAfterMs: DEFAULT_SETTINGS.touchAfterMs,
    });

    pass(31 * MINUTE_MS);
    expect(await events.heartbeat(t)).toBe("revived");
    expect(await leaseTerms(t)).toEqual(patch);
    pass(1_000);
    expect(await events.heartbeat(t)).toBe("touched");
    pass(2 * MINUTE_MS + 1);
    expect(await events.heartbeat(t)).toBe("revived");
  });
});

// ── Helpers ─────────────────────────────────────────────────────────────────

function keysOf<Key extends string>(record: Record<Key, unknown>): Key[] {
  return Object.keys(record) as Key[];
}

function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

function act(t: Component) {
  return t.mutation(api.visitors.action.record, {
    ...visitor,
    action: "click",
  });
}

async function run(t: Component, kind: "expire" | "purge"): Promise<string> {
  const request = { kind, actor: "ada", trigger: "operator" } as const;
  const { runId } = await t.mutation(api.runs.control.start, request);
  await untilFirstPage(t, runId);
  const row = await t.query(api.runs.ledger.get, { runId });
  expect(row).toMatchObject({ status: "completed", errors: [] });
  return `took ${row?.sessions}`;
}

async function leaseTerms(t: Component) {
  const { leases } = await expectInvariants(t);
  return leases.map(({ idleTimeoutMs, touchAfterMs }) => ({
    idleTimeoutMs,
    touchAfterMs,
  }))[0];
}

/** The rows of the only visitor, in one line; the number of actions is counted in the rows themselves. */
async function describeRows(t: Component): Promise<string> {
  const { sessions, leases, actions } = await expectInvariants(t);
  const [session] = sessions;
  if (session === undefined) {
    expect({ leases, actions }).toEqual({ leases: [], actions: [] });
    return "no row";
  }
  const lastActive = session.inactiveSince ?? leases[0]?.lastActive ?? NaN;
  const reason =
    session.endReason === undefined ? "" : ` (${session.endReason})`;
  return [
    `${session.state}${reason}`,
    `visit ${session.visits}`,
    `${actions.length} ${actions.length === 1 ? "action" : "actions"}`,
    `seen ${(Date.now() - lastActive) / 1_000} s ago`,
    ...(session.userId === undefined ? [] : [`is ${session.userId}`]),
    ...(typeof session.blockedUntil === "number"
      ? [`blocked for ${(session.blockedUntil - Date.now()) / 1_000} s`]
      : []),
  ].join(", ");
}
