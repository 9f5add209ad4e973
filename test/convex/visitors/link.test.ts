/** Whose a session is, and whose its visits are, while users sign in and out on one computer. */
import { describe, expect, test } from "vitest";
import { api, freshComponent, HOUR_MS, t } from "../support/fresh.js";
import { expectInvariants } from "../support/rows.js";
import { beat, end, pass, rows, run, visitor } from "../support/visitKit.js";

freshComponent();

describe("a visit", () => {
  test("belongs to the user whom the visitor was linked to by its end", async () => {
    await beat();
    await link("ada");
    await end();
    await beat();
    await link("ada");
    await link("grace");
    await end();
    const { session, visits } = await rows();
    expect(visits[0]).toMatchObject({ userId: "ada" });
    expect(session.lastVisit).toMatchObject({ userId: "grace" });
  });

  test("goes on as nobody's after an unlink, which touches none that is over", async () => {
    await link("ada");
    await end();
    await beat();
    const { session: before } = await rows();
    const { _id: sessionId } = before;
    expect(await unlink()).toEqual({ unlinked: true, sessionId });
    expect(await unlink()).toEqual({ unlinked: false, sessionId });
    const { session: during } = await rows();
    const { userId, ...unlinked } = before;
    expect(userId).toBe("ada");
    expect(during).toEqual(unlinked);
    expect(during).toMatchObject({ state: "active", visits: 2 });
    await end();
    const { session, visits } = await rows();
    expect(visits).toMatchObject([{ userId: "ada" }]);
    expect(session.lastVisit).not.toHaveProperty("userId");
  });

  test.each([
    ["a heartbeat", () => beat()],
    ["an expire run", () => run("expire")],
    ["the visitor's end", () => end()],
  ])(
    "that was over before the next user signed in stays the former's, closed by %s",
    async (_, close) => {
      await link("ada");
      pass(HOUR_MS);
      await link("grace");
      await link("bob");
      await unlink();
      await close();
      const { session } = await rows();
      expect(session.lastVisit).toMatchObject({ userId: "ada" });
      expect(session).not.toHaveProperty("userId");
      await link("eve");
      await beat();
      await end();
      const after = await rows();
      expect(after.session.lastVisit).toMatchObject({ userId: "eve" });
      await expectInvariants(t);
    },
  );

  test("that was over before anybody signed in is nobody's", async () => {
    await beat();
    pass(HOUR_MS);
    await link("ada");
    await run("expire");
    const { session } = await rows();
    expect(session).toMatchObject({ userId: "ada", lastVisit: {} });
    expect(session.lastVisit).not.toHaveProperty("userId");
  });
});

test("nobody is unlinked where there is no session", async () => {
  expect(await unlink()).toEqual({ unlinked: false, sessionId: null });
  expect((await expectInvariants(t)).sessions).toEqual([]);
});

test("a session is unlinked by its sessionId, too, and by no other id", async () => {
  const { sessionId } = await link("ada");
  const bySessionId = (id: string) =>
    t.mutation(api.visitors.link.none, { session: { sessionId: id } });
  const { anonymousId } = visitor;
  expect(await bySessionId(anonymousId)).toMatchObject({ sessionId: null });
  expect(await bySessionId(sessionId)).toEqual({ unlinked: true, sessionId });
});

test.each([
  ["empty", ""],
  ["too long", "u".repeat(1_025)],
])("an %s userId is refused, and creates nobody", async (_, userId) => {
  await expect(link(userId)).rejects.toMatchObject({
    data: { kind: "invalidArgument", argument: "userId" },
  });
  expect((await expectInvariants(t)).sessions).toEqual([]);
  await link("u".repeat(1_024));
});

/** Documents read and written by a call, the rows of the counters of a new session aside. */
test("links and unlinks cost a few documents, and nothing where they change nothing", async () => {
  await beat();
  const cost = (userId: string | null) =>
    t.mutation(async (ctx) => {
      await (userId === null
        ? ctx.runMutation(api.visitors.link.none, { session: visitor })
        : ctx.runMutation(api.visitors.link.user, { ...visitor, userId }));
      const used = await ctx.meta.getTransactionMetrics();
      return [used.documentsRead.used, used.documentsWritten.used];
    });
  expect({
    link: await cost("ada"),
    again: await cost("ada"),
    another: await cost("grace"),
    unlink: await cost(null),
    unlinkAgain: await cost(null),
  }).toEqual({
    link: [3, 1],
    again: [1, 0],
    another: [3, 1],
    unlink: [3, 1],
    unlinkAgain: [1, 0],
  });
});

// ── Helpers ─────────────────────────────────────────────────────────────────

function link(userId: string) {
  return t.mutation(api.visitors.link.user, { ...visitor, userId });
}

function unlink() {
  return t.mutation(api.visitors.link.none, { session: visitor });
}
