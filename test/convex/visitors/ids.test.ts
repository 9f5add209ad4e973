/**
 * Ids: a sessionId is no secret, so a visitor may send it as an anonymousId; neither is ever taken for the
 * other.
 */
import { beforeEach, expect, test } from "vitest";
import { api, freshComponent, NOW, t } from "../support/fresh.js";
import { expectInvariants, readRows } from "../support/rows.js";
import { seedExpired } from "../support/runKit.js";

let victim: string;
freshComponent();
beforeEach(async () => {
  await t.mutation(api.visitors.heartbeat.beat, { anonymousId: "victim" });
  victim = (await readRows(t)).sessions[0]?._id ?? "";
});

test("another session's sessionId is refused as an anonymousId", async () => {
  const anonymousId = victim;
  const refused = { ok: false, reason: "invalidAnonymousId" };
  expect(
    await t.mutation(api.visitors.heartbeat.beat, { anonymousId }),
  ).toEqual(refused);
  expect(
    await t.mutation(api.visitors.action.record, {
      anonymousId,
      action: "view",
    }),
  ).toEqual(refused);
  await expect(
    t.mutation(api.visitors.link.user, { anonymousId, userId: "eve" }),
  ).rejects.toMatchObject({ data: { kind: "invalidAnonymousId" } });
  const { sessions } = await expectInvariants(t);
  expect(sessions.map((row) => row.anonymousId)).toEqual(["victim"]);
});

test("a deleted session's sessionId is valid as an anonymousId", async () => {
  await t.mutation(api.visitors.forget.visitor, { anonymousId: "victim" });
  expect(
    await t.mutation(api.visitors.heartbeat.beat, { anonymousId: victim }),
  ).toMatchObject({ state: "created" });
});

test("an id that is both a sessionId and an anonymousId is refused without its kind", async () => {
  // Such a session may come from an earlier import.
  await seedExpired(t, [{ anonymousId: victim, lastActive: NOW }]);
  await expect(
    t.query(api.operator.show.get, { id: victim }),
  ).rejects.toMatchObject({
    data: {
      kind: "ambiguousId",
      sessionId: victim,
      otherSessionId: expect.any(String) as string,
    },
  });
  const get = (kind: "sessionId" | "anonymousId") =>
    t.query(api.operator.show.get, { id: victim, kind });
  expect(await get("sessionId")).toMatchObject({ anonymousId: "victim" });
  expect(await get("anonymousId")).toMatchObject({ anonymousId: victim });
});

test("an id of one kind is not found as the other kind", async () => {
  const get = (id: string, kind: "sessionId" | "anonymousId") =>
    t.query(api.operator.show.get, { id, kind });
  expect(await get(victim, "sessionId")).toMatchObject({ sessionId: victim });
  expect(await get(victim, "anonymousId")).toBeNull();
  expect(await get("victim", "sessionId")).toBeNull();
});
