/** What a stolen id opens, through the app's public functions. */
import { expect, test } from "vitest";
import { permitAll, sessions, setUpApp } from "./app.js";

const VICTIM = "victim-1";
const STRANGER = "stranger-1";

const options = {
  ...permitAll,
  identify: async (ctx: {
    auth: { getUserIdentity(): Promise<{ subject: string } | null> };
  }) => (await ctx.auth.getUserIdentity())?.subject ?? null,
};

/** A visitor who is signed in as ada, did something secret, and was somewhere. */
async function setUpVictim() {
  const t = setUpApp(options);
  const victim = { anonymousId: VICTIM };
  const visit = { path: "/pricing", referrer: "news.example.com" };
  const tracked = await t.mutation(sessions.trackSession, {
    ...victim,
    visit,
  });
  await t.mutation(sessions.trackUserAction, {
    ...victim,
    action: "secretAction",
    resourceId: "secretResource",
    metadata: { card: "secretCard" },
  });
  await t
    .withIdentity({ subject: "ada" })
    .mutation(sessions.linkSession, victim);
  await t.mutation(sessions.trackSession, { anonymousId: STRANGER });
  if (!tracked.ok) throw new Error(tracked.reason);
  return { t, victim, sessionId: tracked.sessionId };
}

test("an anonymousId opens the own visit, and neither actions, nor the user, nor others", async () => {
  const { t, victim, sessionId } = await setUpVictim();
  const answers = [
    await t.query(sessions.getOwnVisit, victim),
    await t.query(sessions.getOwnLink, victim),
    await t.mutation(sessions.trackSession, victim),
    await t.mutation(sessions.trackUserAction, { ...victim, action: "click" }),
    await t.mutation(sessions.endSession, victim),
    await t.mutation(sessions.unlinkSession, victim),
    await t.mutation(sessions.forgetSession, victim),
  ];
  expect(answers[0]).toMatchObject({ entry: { path: "/pricing" } });
  const said = JSON.stringify(answers);
  expect(said).toContain(sessionId);
  expect(said).not.toMatch(/secret|ada|victim|stranger/);
});

test("a sessionId opens nothing to whoever has no more", async () => {
  const { t, victim, sessionId } = await setUpVictim();
  const before = await t.query(sessions.getOwnVisit, victim);
  const stolen = { anonymousId: sessionId };
  const refused = { ok: false, reason: "invalidAnonymousId" };
  const nothing = { sessionId: null };
  const eve = t.withIdentity({ subject: "eve" });
  expect(await eve.query(sessions.getOwnVisit, stolen)).toBeNull();
  expect(await eve.query(sessions.getOwnLink, stolen)).toEqual({
    userId: "eve",
    isLinked: null,
  });
  expect(await eve.mutation(sessions.trackSession, stolen)).toEqual(refused);
  expect(
    await eve.mutation(sessions.trackUserAction, { ...stolen, action: "x" }),
  ).toEqual(refused);
  expect(await eve.mutation(sessions.endSession, stolen)).toMatchObject(
    nothing,
  );
  expect(await eve.mutation(sessions.forgetSession, stolen)).toMatchObject(
    nothing,
  );
  await expect(
    eve.mutation(sessions.linkSession, stolen),
  ).rejects.toMatchObject({ data: { kind: "invalidAnonymousId" } });
  expect(await eve.mutation(sessions.unlinkSession, stolen)).toMatchObject({
    unlinked: false,
  });
  await expect(
    eve.mutation(sessions.endOwnSession, { sessionId }),
  ).rejects.toMatchObject({ data: { kind: "sessionNotFound" } });
  expect(await t.query(sessions.getOwnVisit, victim)).toEqual(before);
});
