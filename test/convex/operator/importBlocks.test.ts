/** Blocks that an import brings along: they go with the end that they belong to. */
import type { FunctionArgs } from "convex/server";
import { expect, test, vi } from "vitest";
import type { BlockedUntil } from "../../../convex/sessionTracker/shared/sessions.js";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  NOW,
  t,
} from "../support/fresh.js";
import { expectInvariants } from "../support/rows.js";

freshComponent();

const visitor = { anonymousId: "user123" };
const blocked = {
  ...visitor,
  createdAt: NOW - 3 * DAY_MS,
  lastActive: NOW - DAY_MS,
  ended: { reason: "stolen" },
  blockedUntil: NOW + DAY_MS,
};

test("a visitor who was not known stays away until the block is over", async () => {
  await importRows(blocked);
  expect(await beat()).toEqual({
    ok: false,
    reason: "revoked",
    retryAfterMs: DAY_MS,
  });
  vi.setSystemTime(NOW + DAY_MS);
  expect(await beat()).toMatchObject({ ok: true, state: "revived" });
  await expectInvariants(t);
});

test("a block that is over is none", async () => {
  await importRows({ ...blocked, blockedUntil: NOW });
  const { sessions } = await expectInvariants(t);
  expect(sessions[0]).not.toHaveProperty("blockedUntil");
  expect(await beat()).toMatchObject({ ok: true });
});

test("a block that was lifted here is not set again by the row that it came with", async () => {
  await importRows(blocked);
  await t.mutation(api.visitors.block.lift, { session: visitor });
  expect(await importRows(blocked)).toMatchObject({ unchanged: 1 });
  expect(await beat()).toMatchObject({ ok: true });
});

test.each<[BlockedUntil, BlockedUntil, BlockedUntil]>([
  [NOW + HOUR_MS, NOW + DAY_MS, NOW + DAY_MS],
  [NOW + DAY_MS, NOW + HOUR_MS, NOW + DAY_MS],
  ["forever", NOW + HOUR_MS, "forever"],
  [NOW + HOUR_MS, "forever", "forever"],
  [NOW - 1, NOW + HOUR_MS, NOW + HOUR_MS],
])(
  "of a block until %s and a later one until %s that until %s holds",
  async (mine, theirs, holds) => {
    await importRows({ ...blocked, blockedUntil: mine });
    const later = {
      ...blocked,
      lastActive: NOW - HOUR_MS,
      blockedUntil: theirs,
    };
    await importRows(later);
    const { sessions } = await expectInvariants(t);
    expect(sessions).toMatchObject([{ state: "ended", blockedUntil: holds }]);
    expect(await importRows(later)).toMatchObject({ unchanged: 1 });
  },
);

test("a visitor who is here is blocked by a later end, and not by an earlier one", async () => {
  await beat();
  await importRows(blocked);
  expect(await beat()).toMatchObject({ ok: true });
  vi.setSystemTime(NOW + HOUR_MS);
  await importRows({ ...blocked, lastActive: NOW + HOUR_MS });
  expect(await beat()).toMatchObject({ reason: "revoked" });
  await expectInvariants(t);
});

test.each<[Partial<ImportRow>, string]>([
  [{ blockedUntil: NaN }, "blockedUntil must be a time"],
  [{ blockedUntil: -1 }, "blockedUntil must be a time"],
])("%o is refused", async (wrong, problem) => {
  await expect(importRows({ ...blocked, ...wrong })).rejects.toMatchObject({
    data: {
      kind: "invalidRow",
      message: expect.stringContaining(problem) as string,
    },
  });
});

test("a block without an end is refused", async () => {
  const { ended, ...row } = blocked;
  await expect(importRows(row)).rejects.toMatchObject({
    data: { kind: "invalidRow", index: 0 },
  });
});

test("actions that purges took of the visit under way count when it closes", async () => {
  await importRows({
    ...visitor,
    createdAt: NOW - HOUR_MS,
    lastActive: NOW,
    actions: [{ at: NOW, action: "view" }],
    visitUnderWay: {
      startedAt: NOW - HOUR_MS,
      engagedMs: 0,
      actions: 1,
      purgedActions: 4,
    },
  });
  await t.mutation(api.visitors.end.visit, visitor);
  const { sessions } = await expectInvariants(t);
  expect(sessions).toMatchObject([
    { actionCount: 1, lastVisit: { actions: 5 } },
  ]);
});

// ── Helpers ─────────────────────────────────────────────────────────────────

type ImportRow = FunctionArgs<typeof api.operator.import.batch>["rows"][number];

function importRows(...rows: ImportRow[]) {
  return t.mutation(api.operator.import.batch, { rows });
}

function beat() {
  return t.mutation(api.visitors.heartbeat.beat, visitor);
}
