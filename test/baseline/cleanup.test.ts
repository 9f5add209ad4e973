/// <reference types="vite/client" />
import { convexTest } from "convex-test";
import { makeFunctionReference } from "convex/server";
import { expect, test } from "vitest";
import schema from "./convex/schema.js";

const modules = {
  ...import.meta.glob("./convex/*.ts"),
  // Where convex-test looks for the root of the functions; nothing here needs generated code.
  "./convex/_generated/api.js": () => Promise.resolve({}),
};

const cleanupOldSessions = makeFunctionReference<
  "mutation",
  { daysInactive: number },
  number
>("sessions:cleanupOldSessions");

const DAY_MS = 24 * 60 * 60 * 1000;

test("the baseline's cleanup deletes old sessions while the table is small", async () => {
  const t = await setUp({ sessions: 1_000, old: 10 });
  expect(await t.mutation(cleanupOldSessions, { daysInactive: 14 })).toBe(10);
});

// All are old, since convex-test counts only rows that pass the filter; Convex counts every row.
test("the baseline's cleanup fails for good above 32,000 sessions", async () => {
  const t = await setUp({ sessions: 32_001, old: 32_001 });
  await expect(
    t.mutation(cleanupOldSessions, { daysInactive: 14 }),
  ).rejects.toThrow("Scanned too many documents");
}, 60_000);

async function setUp({ sessions, old }: { sessions: number; old: number }) {
  const t = convexTest({ schema, modules, transactionLimits: true });
  const now = Date.now();
  for (let first = 0; first < sessions; first += MAX_INSERTS) {
    await t.run(async (ctx) => {
      for (let n = first; n < Math.min(sessions, first + MAX_INSERTS); n += 1) {
        const lastActive = n < old ? now - 30 * DAY_MS : now;
        await ctx.db.insert("sessions", {
          anonymousId: `visitor-${n}`,
          createdAt: lastActive,
          lastActive,
          actions: [],
        });
      }
    });
  }
  return t;
}

/** A transaction writes at most 16,000 documents. */
const MAX_INSERTS = 10_000;
