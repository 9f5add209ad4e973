/** Where a visit came from, as its page tells it, whatever began the visit. */
import { describe, expect, test } from "vitest";
import { api, freshComponent, MINUTE_MS, t } from "../support/fresh.js";
import { act, beat, end, pass, rows, visitor } from "../support/visitKit.js";

freshComponent();

describe("where a visit came from", () => {
  const entry = { path: "/", referrer: "news.example.com" };

  test.each([
    ["an action", () => act()],
    [
      "a link to a user",
      () => t.mutation(api.visitors.link.user, { ...visitor, userId: "ada" }),
    ],
  ])("is heard by the first heartbeat after %s began it", async (_, begin) => {
    await begin();
    expect(await beat(entry)).toMatchObject({ state: "touched" });
    expect(await beat(entry)).toMatchObject({ state: "unchanged" });
    pass(2 * MINUTE_MS);
    await beat({ path: "/prices", referrer: "other.example.com" });
    await end();
    const { session } = await rows();
    expect(session).toMatchObject({
      firstEntry: entry,
      lastVisit: { entry, exitPath: "/prices" },
    });
  });

  test("is the first visit's, where a later one was begun by an action", async () => {
    await beat(entry);
    await end();
    await act();
    await beat({ utmSource: "letter" });
    await end();
    const { session } = await rows();
    expect(session).toMatchObject({
      firstEntry: entry,
      lastVisit: { entry: { utmSource: "letter" } },
    });
  });
});
