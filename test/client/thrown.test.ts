/** What the docstrings of `SessionTracker` say is thrown, and what they say is answered, for input that is none. */
import type { GenericDataModel, GenericMutationCtx } from "convex/server";
import { beforeAll, expect, test } from "vitest";
import { isSessionsError, SessionTracker } from "../../client/index.js";
import { sessionTracker } from "../convex/support/hooksApp/component.js";
import { setUpApp, type App } from "./app.js";

type Call = (ctx: GenericMutationCtx<GenericDataModel>) => Promise<unknown>;

const sessions = new SessionTracker(sessionTracker);
const visitor = { anonymousId: "somebody" };
const nobody = { anonymousId: "no body" };
const gone = { sessionId: "nowhere" };
const first = { numItems: 10, cursor: null };
const none = { ...first, numItems: 0 };
const half = { ...first, numItems: 1.5 };
const strange = { ...first, cursor: "x" };

let t: App;
beforeAll(async () => {
  t = setUpApp();
  await t.mutation((ctx) => sessions.track(ctx, visitor));
});

/** The kind that is thrown, with the argument that it names; and what throws it. */
const THROWN: [string, string | undefined, Call][] = [
  [
    "invalidArgument",
    "reason",
    (c) => sessions.end(c, { ...visitor, reason: " " }),
  ],
  [
    "invalidArgument",
    "block.forMs",
    (c) => sessions.end(c, { ...visitor, block: { forMs: 0 } }),
  ],
  [
    "invalidArgument",
    "block.forMs",
    (c) => sessions.end(c, { ...visitor, block: { forMs: 1.5 } }),
  ],
  [
    "invalidArgument",
    "reason",
    (c) => sessions.unblock(c, { ...visitor, reason: "" }),
  ],
  [
    "invalidArgument",
    "reason",
    (c) => sessions.forget(c, { ...visitor, reason: "" }),
  ],
  [
    "invalidAnonymousId",
    undefined,
    (c) => sessions.link(c, { ...nobody, userId: "ada" }),
  ],
  [
    "invalidArgument",
    "userId",
    (c) => sessions.link(c, { ...visitor, userId: "" }),
  ],
  [
    "invalidArgument",
    "userId",
    (c) => sessions.link(c, { ...visitor, userId: "u".repeat(1_025) }),
  ],
  [
    "invalidArgument",
    "daysInactive",
    (c) => sessions.purge(c, { daysInactive: 0 }),
  ],
  [
    "invalidArgument",
    "daysInactive",
    (c) => sessions.purge(c, { daysInactive: NaN }),
  ],
  [
    "invalidCutoff",
    undefined,
    (c) => sessions.purge(c, { daysInactive: 0.001 }),
  ],
  [
    "invalidArgument",
    "userId",
    (c) => sessions.endAllOfUser(c, { userId: "" }),
  ],
  [
    "invalidArgument",
    "reason",
    (c) => sessions.endAllOfUser(c, { userId: "ada", reason: "" }),
  ],
  [
    "invalidArgument",
    "block.forMs",
    (c) => sessions.endAllOfUser(c, { userId: "ada", block: { forMs: 0.5 } }),
  ],
  ["invalidArgument", "userId", (c) => sessions.forgetUser(c, { userId: " " })],
  [
    "invalidArgument",
    "reason",
    (c) => sessions.forgetUser(c, { userId: "ada", reason: "" }),
  ],
  [
    "invalidArgument",
    "minutesActive",
    (c) => sessions.active(c, { minutesActive: 0 }),
  ],
  ["invalidArgument", "limit", (c) => sessions.active(c, { limit: 1_001 })],
  ["invalidArgument", "from", (c) => sessions.days(c, { from: "2026-02-30" })],
  [
    "invalidArgument",
    "to",
    (c) => sessions.days(c, { from: "2026-03-02", to: "2026-03-01" }),
  ],
  [
    "invalidArgument",
    "from",
    (c) => sessions.days(c, { from: "2020-03-02", to: "2026-03-01" }),
  ],
  [
    "invalidArgument",
    "paginationOpts.numItems",
    (c) => sessions.ofUser(c, { userId: "ada", paginationOpts: none }),
  ],
  [
    "invalidArgument",
    "paginationOpts.numItems",
    (c) => sessions.visits(c, { ...visitor, paginationOpts: half }),
  ],
  [
    "invalidArgument",
    "paginationOpts.numItems",
    (c) => sessions.actions(c, { ...visitor, paginationOpts: none }),
  ],
  [
    "invalidArgument",
    "cursor",
    (c) => sessions.ofUser(c, { userId: "ada", paginationOpts: strange }),
  ],
  [
    "invalidArgument",
    "cursor",
    (c) => sessions.visits(c, { ...visitor, paginationOpts: strange }),
  ],
  [
    "invalidArgument",
    "cursor",
    (c) => sessions.actions(c, { ...visitor, paginationOpts: strange }),
  ],
];

test.each(THROWN)("throws %s of %s", async (kind, argument, call) => {
  const thrown: unknown = await t
    .mutation(call)
    .catch((error: unknown) => error);
  expect(isSessionsError(thrown)).toBe(true);
  expect(thrown).toMatchObject({
    data: { kind, ...(argument === undefined ? {} : { argument }) },
  });
});

const ANSWERED: [object | null, Call][] = [
  [
    { ok: false, reason: "invalidAnonymousId" },
    (c) => sessions.track(c, nobody),
  ],
  [
    { ok: false, reason: "invalidVisit" },
    (c) => sessions.track(c, { ...visitor, visit: { path: "?" } }),
  ],
  [
    { ok: false, reason: "invalidAnonymousId" },
    (c) => sessions.record(c, { ...nobody, action: "a" }),
  ],
  [
    { ok: false, reason: "invalidAction" },
    (c) => sessions.record(c, { ...visitor, action: "" }),
  ],
  [
    { ok: false, reason: "metadataTooLarge" },
    (c) =>
      sessions.record(c, {
        ...visitor,
        action: "a",
        metadata: "x".repeat(9_000),
      }),
  ],
  [
    { ended: false, sessionId: null, blockedUntil: null },
    (c) => sessions.end(c, gone),
  ],
  [{ ended: false, sessionId: null }, (c) => sessions.endVisit(c, nobody)],
  [{ unblocked: false, sessionId: null }, (c) => sessions.unblock(c, gone)],
  [
    { erased: false, sessionId: null, actions: 0, told: null },
    (c) => sessions.forget(c, gone),
  ],
  [{ unlinked: false, sessionId: null }, (c) => sessions.unlink(c, nobody)],
  [null, (c) => sessions.get(c, gone)],
  [null, (c) => sessions.ownVisit(c, nobody)],
  [null, (c) => sessions.linkOf(c, nobody)],
];

test.each(ANSWERED)("answers %o", async (answer, call) => {
  expect(await t.mutation(call)).toEqual(answer);
});
