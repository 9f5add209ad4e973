/** An archived `forget`: only what the archiver says is on disk is erased, and nobody whom it is to erase stays. */
import { expect, test, vi } from "vitest";
import { drive, nextPage, purgePage } from "../../support/archiveKit.js";
import {
  api,
  DAY_MS,
  freshComponent,
  MINUTE_MS,
  NOW,
  t,
} from "../../support/fresh.js";
import { expectInvariants } from "../../support/rows.js";
import {
  readRun,
  seedExpired,
  seedLeased,
  setPageSize,
  visitors,
} from "../../support/runKit.js";

freshComponent();

async function start(filter: object, more: object = {}) {
  const archiver = "writer";
  const { runId } = await t.mutation(api.runs.control.start, {
    ...{ kind: "forget", actor: "tester", trigger: "operator", filter },
    archive: { file: "ada.jsonl.gz", archiver },
    ...more,
  });
  return { runId, archiver };
}

const act = (anonymousId: string) =>
  t.mutation(api.visitors.action.record, { anonymousId, action: "click" });

test("erases the sessions of its filter with their rows, also those with a visit under way and with many rows", async () => {
  await setPageSize(t, 4);
  await seedExpired(t, [
    ...visitors(6, NOW - 3 * DAY_MS),
    {
      anonymousId: "busy",
      lastActive: NOW - 2 * DAY_MS,
      actions: 45,
      visits: 3,
    },
    { anonymousId: "kept", lastActive: NOW - MINUTE_MS, actions: 2 },
  ]);
  await seedLeased(t, [
    ...visitors(3, NOW - 2 * DAY_MS, "idle"),
    { anonymousId: "here", lastActive: NOW, actions: 30 },
  ]);
  const link = await start({ createdBefore: NOW - MINUTE_MS });
  const archived = await drive(link);
  const { sessions } = await expectInvariants(t);
  const erasures = await t.run((ctx) => ctx.db.query("erasures").collect());
  const left = sessions.map(({ anonymousId }) => anonymousId).toSorted();
  expect(left).toEqual(["here", "kept"]);
  const whole = new Set(archived.map(({ session }) => session.anonymousId));
  expect(whole.size).toBe(10);
  expect(erasures).toHaveLength(10);
  const busy = archived.filter((row) => row.session.anonymousId === "busy");
  expect(busy.flatMap(({ actions }) => actions)).toHaveLength(45);
  expect(busy.flatMap(({ visits }) => visits)).toHaveLength(2);
  expect(await readRun(t, link.runId)).toMatchObject({
    ...{ status: "completed", sessions: 10, leases: 3, actions: 45 },
  });
});

test("archives once more who has changed meanwhile, and then erases them", async () => {
  for (const anonymousId of ["here", "gone"]) await act(anonymousId);
  vi.setSystemTime(NOW + MINUTE_MS);
  const link = await start({ state: "active" });
  const first = await nextPage(link);
  expect(first.sessions).toHaveLength(2);
  await act("here");
  await t.mutation(api.visitors.forget.visitor, { anonymousId: "gone" });
  const refused = await purgePage(link, first);
  expect(refused).toMatchObject({ purged: false, sessions: 0 });
  const archived = await drive(link);
  expect(archived.flatMap(({ actions }) => actions)).toHaveLength(2);
  const { sessions, leases } = await expectInvariants(t);
  expect([sessions, leases]).toEqual([[], []]);
  expect(await readRun(t, link.runId)).toMatchObject({ sessions: 1 });
});

test("keeps to its maximum and goes on from there", async () => {
  await seedExpired(t, visitors(30, NOW - DAY_MS));
  await setPageSize(t, 4);
  const filter = { activeBefore: NOW - MINUTE_MS };
  const link = await start(filter, { maxSessions: 10 });
  await drive(link);
  expect(await readRun(t, link.runId)).toMatchObject({
    ...{ status: "maxReached", sessions: 10 },
  });
  const again = { ...link, archiver: "next" };
  await t.mutation(api.runs.control.resume, { ...again, actor: "tester" });
  await expect(nextPage(link)).rejects.toThrow("Somebody else writes");
  await drive(again);
  await t.mutation(api.runs.control.resume, { ...again, actor: "tester" });
  await drive(again);
  const { sessions } = await expectInvariants(t);
  expect(sessions).toEqual([]);
});

test("passes over others, however many, and ends", async () => {
  await seedExpired(t, visitors(1_500, NOW - DAY_MS));
  await seedExpired(t, [{ anonymousId: "last", lastActive: NOW - DAY_MS + 1 }]);
  const link = await start({
    createdBefore: NOW,
    activeAfter: NOW - DAY_MS + 1,
  });
  const archived = await drive(link);
  expect(archived.map(({ session }) => session.anonymousId)).toEqual(["last"]);
});

test("is refused to an end", async () => {
  const end = start({ userId: "ada" }, { kind: "end" });
  await expect(end).rejects.toThrow("have anything to archive");
});
