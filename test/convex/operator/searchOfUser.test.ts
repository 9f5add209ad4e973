/** A user with more sessions than one call looks at: none is left out, in whatever order. */
import { expect, test } from "vitest";
import {
  api,
  DAY_MS,
  freshComponent,
  MINUTE_MS,
  NOW,
  t,
} from "../support/fresh.js";
import { readRows } from "../support/rows.js";
import { seedExpired, seedLeased } from "../support/runKit.js";

const COUNT = 1_200;

freshComponent();

test.each([
  ["created", "asc"],
  ["created", "desc"],
  ["active", "asc"],
  ["active", "desc"],
] as const)(
  "a search by user finds each of many sessions once, by %s, %s",
  async (sort, order) => {
    await seedUser();
    const found: number[] = [];
    const ids = new Set<string>();
    let cursor: string | null = null;
    do {
      const page: Page = await t.query(api.operator.search.page, {
        filter: { userId: "ada" },
        sort,
        order,
        limit: 500,
        cursor,
      });
      for (const {
        sessionId,
        createdAt,
        inactiveSince,
        lease,
      } of page.sessions) {
        ids.add(sessionId);
        const lastActive = lease?.lastActive ?? inactiveSince ?? 0;
        found.push(sort === "created" ? createdAt : lastActive);
      }
      cursor = page.cursor;
    } while (cursor !== null);
    expect(ids.size).toBe(COUNT);
    expect(found).toHaveLength(COUNT);
    const sign = order === "asc" ? 1 : -1;
    expect(found).toEqual(found.toSorted((a, b) => sign * (a - b)));
  },
  60_000,
);

type Page = (typeof api.operator.search.page)["_returnType"];

/** A user's sessions, two thirds inactive and a third active, with as many of another user between them. */
async function seedUser(): Promise<void> {
  const seeds = (prefix: string, count: number, newest: number) =>
    Array.from({ length: count }, (_, i) => ({
      anonymousId: `${prefix}-${i}`,
      lastActive: newest - i * 1_000,
    }));
  await seedExpired(t, seeds("ada-old", 800, NOW - DAY_MS));
  await seedExpired(t, seeds("other-old", 300, NOW - DAY_MS));
  await seedLeased(t, seeds("ada-live", 400, NOW - MINUTE_MS));
  const { sessions } = await readRows(t);
  await t.run(async (ctx) => {
    for (const { _id, anonymousId } of sessions) {
      const userId = anonymousId.startsWith("ada") ? "ada" : "bob";
      await ctx.db.patch("sessions", _id, { userId });
    }
  });
}
