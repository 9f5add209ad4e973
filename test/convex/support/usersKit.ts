import { MINUTE_MS, NOW, t } from "./fresh.js";
import { readRows } from "./rows.js";
import { seedExpired, seedLeased } from "./runKit.js";

/**
 * Ada's 1,200 sessions, a third of them active, with 300 of Bob's between them.
 * @param inactiveMs how long ago the newest of the others was last active
 */
export async function seedUsers(inactiveMs: number): Promise<void> {
  const seeds = (prefix: string, count: number, newest: number) =>
    Array.from({ length: count }, (_, i) => ({
      anonymousId: `${prefix}-${i}`,
      lastActive: newest - i * 1_000,
    }));
  await seedExpired(t, seeds("ada-old", 800, NOW - inactiveMs));
  await seedExpired(t, seeds("other-old", 300, NOW - inactiveMs));
  await seedLeased(t, seeds("ada-live", 400, NOW - MINUTE_MS));
  const { sessions } = await readRows(t);
  await t.run(async (ctx) => {
    for (const { _id, anonymousId } of sessions) {
      const userId = anonymousId.startsWith("ada") ? "ada" : "bob";
      await ctx.db.patch("sessions", _id, { userId });
    }
  });
}
