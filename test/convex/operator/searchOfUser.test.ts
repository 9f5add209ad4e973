/** A user with more sessions than one call looks at: none is left out, in whatever order. */
import { expect, test } from "vitest";
import { api, DAY_MS, freshComponent, t } from "../support/fresh.js";
import { seedUsers } from "../support/usersKit.js";

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
    await seedUsers(DAY_MS);
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
