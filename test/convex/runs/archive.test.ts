/** Archived purges: only a page that the archiver says is on disk is deleted, and exactly that page. */
import { describe, expect, test } from "vitest";
import {
  ARCHIVE_FILE,
  type ArchivePage,
  drive,
  nextPage,
  purgePage,
  startArchivedPurge,
} from "../support/archiveKit.js";
import { advance } from "../support/clock.js";
import { setUpWithFaults } from "../support/faults.js";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  internal,
  NOW,
  t,
  takeComponent,
} from "../support/fresh.js";
import { expectInvariants, readRows } from "../support/rows.js";
import {
  readRun,
  seedExpired,
  seedLeased,
  setPageSize,
  visitors,
} from "../support/runKit.js";

const OLD = NOW - 20 * DAY_MS;

freshComponent();

describe("an archived session", () => {
  test("is deleted with its lease and actions, also where it takes several pages", async () => {
    await setPageSize(t, 4);
    await seedLeased(t, [
      ...visitors(6, OLD, "stale"),
      { anonymousId: "busy-lease", lastActive: OLD + 1, actions: 7 },
      { anonymousId: "live", lastActive: NOW, actions: 2 },
    ]);
    await seedExpired(t, [
      ...visitors(6, OLD),
      { anonymousId: "busy", lastActive: OLD + 2, actions: 45 },
      { anonymousId: "kept", lastActive: NOW - DAY_MS, actions: 2 },
    ]);
    const before = await readRows(t);
    const link = await startArchivedPurge();
    const archived = await drive(link);

    const { sessions, actions } = await expectInvariants(t);
    expect(sessions.map((row) => row.anonymousId)).toEqual(["live", "kept"]);
    expect(await readRun(t, link.runId)).toMatchObject({
      status: "completed",
      sessions: 14,
      leases: 7,
      actions: 52,
      archiveFile: ARCHIVE_FILE,
    });
    const gone = before.sessions.filter(
      ({ anonymousId }) => !["live", "kept"].includes(anonymousId),
    );
    expect(archivedIds(archived)).toEqual(
      gone.map(({ _id }) => _id).toSorted(),
    );
    expect(archived.flatMap((row) => row.actions)).toHaveLength(
      before.actions.length - actions.length,
    );
    const busy = archived.filter(
      ({ session }) => session.anonymousId === "busy",
    );
    expect(busy.length).toBeGreaterThan(2);
    expect(busy.flatMap((row) => row.actions).map(({ at }) => at)).toEqual(
      Array.from({ length: 45 }, (_, i) => OLD + 2 - 45 + i),
    );
  });

  test("is kept where the visitor came back, changed it or was forgotten meanwhile", async () => {
    await seedExpired(t, [
      { anonymousId: "back", lastActive: OLD, actions: 2 },
      { anonymousId: "linked", lastActive: OLD, actions: 2 },
      { anonymousId: "merged", lastActive: OLD, actions: 2 },
      { anonymousId: "forgotten", lastActive: OLD, actions: 2 },
      { anonymousId: "same", lastActive: OLD, actions: 2 },
    ]);
    const link = await startArchivedPurge();
    await drive(link, 1);
    const page = await nextPage(link);
    await t.mutation(api.visitors.heartbeat.beat, { anonymousId: "back" });
    await t.mutation(api.visitors.link.user, {
      anonymousId: "linked",
      userId: "ada",
    });
    await t.mutation(api.operator.import.batch, {
      rows: [
        {
          anonymousId: "merged",
          createdAt: OLD,
          lastActive: OLD,
          actions: [{ at: OLD - 10, action: "late" }],
        },
      ],
    });
    await t.mutation(api.visitors.forget.visitor, {
      anonymousId: "forgotten",
    });

    const idOf = (name: string) =>
      page.sessions.find(({ session }) => session.anonymousId === name)?.session
        .sessionId;
    expect(await purgePage(link, page)).toMatchObject({
      purged: true,
      sessions: 1,
      actions: 2,
      stayed: [
        { sessionId: idOf("back"), why: "cameBack" },
        { sessionId: idOf("linked"), why: "changed" },
        { sessionId: idOf("merged"), why: "changed" },
        { sessionId: idOf("forgotten"), why: "gone" },
      ],
    });
    await drive(link);
    const { sessions, actions } = await expectInvariants(t);
    expect(sessions.map((row) => row.anonymousId)).toEqual([
      "back",
      "linked",
      "merged",
    ]);
    expect(actions).toHaveLength(7);
  });
});

describe("a page", () => {
  test("is deleted once, however often it is confirmed", async () => {
    await setPageSize(t, 2);
    await seedExpired(t, visitors(6, OLD));
    const link = await startArchivedPurge();
    await drive(link, 1);
    const page = await nextPage(link);
    const done = await purgePage(link, page);
    expect(done).toMatchObject({ purged: true, sessions: 2 });
    expect(await purgePage(link, page)).toEqual(done);
    await purgePage(link, await nextPage(link));
    await expect(purgePage(link, page)).rejects.toMatchObject({
      data: { kind: "stalePage" },
    });
    expect((await expectInvariants(t)).sessions).toHaveLength(2);
  });

  test("that is not confirmed deletes nothing", async () => {
    await seedExpired(t, visitors(3, OLD));
    const link = await startArchivedPurge();
    await drive(link, 1);
    expect((await nextPage(link)).sessions).toHaveLength(3);
    await advance(t, HOUR_MS);
    expect((await expectInvariants(t)).sessions).toHaveLength(3);
  });

  test("of a run canceled meanwhile deletes nothing, and returns so", async () => {
    await setPageSize(t, 2);
    await seedExpired(t, visitors(6, OLD));
    const link = await startArchivedPurge();
    await drive(link, 2);
    const page = await nextPage(link);
    await t.mutation(api.runs.control.cancel, {
      runId: link.runId,
      actor: "ann",
    });
    expect(await purgePage(link, page)).toMatchObject({
      purged: false,
      status: "canceled",
      stayed: [],
    });
    expect((await expectInvariants(t)).sessions).toHaveLength(4);
  });

  test("that a hook refuses shrinks to one row, which is set aside", async () => {
    takeComponent(await setUpWithFaults());
    await setPageSize(t, 4);
    await seedExpired(t, [
      ...visitors(3, OLD),
      { anonymousId: "poison-1", lastActive: OLD, actions: 1 },
      ...visitors(3, OLD + 1, "later"),
    ]);
    const link = await startArchivedPurge();
    const archived = await drive(link);
    expect(await readRun(t, link.runId)).toMatchObject({
      status: "completed",
      sessions: 6,
      quarantined: 1,
    });
    expect(archivedIds(archived)).toHaveLength(6);
    const { sessions } = await expectInvariants(t);
    expect(sessions.map((row) => row.anonymousId)).toEqual(["poison-1"]);
  });

  test("keeps to the run's maximum and rate", async () => {
    await seedExpired(t, visitors(100, OLD));
    const link = await startArchivedPurge("writer", {
      maxSessions: 60,
      ratePerSecond: 5,
    });
    await drive(link, 1);
    const page = await nextPage(link);
    expect(page.sessions).toHaveLength(5);
    expect(await purgePage(link, page)).toMatchObject({ waitMs: 1_000 });
    await drive(link);
    expect(await readRun(t, link.runId)).toMatchObject({
      status: "maxReached",
      sessions: 60,
    });
  });
});

describe("the run", () => {
  test("is in the ledger, is the only one of its kind, and resumes only with an archiver", async () => {
    await setPageSize(t, 2);
    await seedExpired(t, visitors(6, OLD));
    const link = await startArchivedPurge();
    await drive(link, 2);
    const { runId } = link;
    expect(await t.query(api.runs.ledger.list, {})).toMatchObject([
      { runId, status: "running", archiveFile: ARCHIVE_FILE, sessions: 2 },
    ]);
    expect(
      await t.mutation(api.runs.control.start, {
        kind: "purge",
        actor: "schedule",
        trigger: "schedule",
      }),
    ).toMatchObject({ status: "alreadyRunning", runId });

    await t.mutation(api.runs.control.cancel, { runId, actor: "ann" });
    const resume = { runId, actor: "ann" };
    await expect(
      t.mutation(api.runs.control.resume, resume),
    ).rejects.toMatchObject({
      data: { kind: "archivedRun", file: ARCHIVE_FILE },
    });

    const again = { runId, archiver: "another" };
    await t.mutation(api.runs.control.resume, {
      ...resume,
      archiver: "another",
    });
    await expect(nextPage(link)).rejects.toMatchObject({
      data: { kind: "notArchiver" },
    });
    await drive(again);
    expect(await readRun(t, runId)).toMatchObject({
      status: "completed",
      sessions: 6,
    });
  });

  test("can be taken over while it runs, and returns its last deleted page", async () => {
    await setPageSize(t, 2);
    await seedExpired(t, visitors(6, OLD));
    const link = await startArchivedPurge();
    await drive(link, 2);
    const lost = await nextPage(link);
    const { runId } = link;
    await t.mutation(api.runs.control.resume, {
      runId,
      actor: "ann",
      archiver: "another",
    });
    const page = await nextPage({ runId, archiver: "another" });
    expect(page.last).toEqual({ seq: 1, purged: true, stayed: [] });
    expect(lost.seq).toBeGreaterThan(1);
    expect(page.sessions).toEqual(lost.sessions);
  });

  test("is left alone by the watchdog for a day, then canceled", async () => {
    await setPageSize(t, 2);
    await seedExpired(t, visitors(6, OLD));
    const { runId } = await startArchivedPurge();
    await advance(t, DAY_MS);
    await t.mutation(internal.schedules.watchdog.check, {});
    expect(await readRun(t, runId)).toMatchObject({
      status: "running",
      seq: 0,
    });
    await advance(t, 1);
    await t.mutation(internal.schedules.watchdog.check, {});
    expect(await readRun(t, runId)).toMatchObject({
      status: "canceled",
      errors: [{ message: expect.stringContaining(ARCHIVE_FILE) as string }],
    });
  });

  test("must be a purge", async () => {
    await expect(
      t.mutation(api.runs.control.start, {
        kind: "expire",
        actor: "tester",
        trigger: "operator",
        archive: { file: ARCHIVE_FILE, archiver: "writer" },
      }),
    ).rejects.toMatchObject({ data: { argument: "archive" } });
  });
});

function archivedIds(archived: ArchivePage["sessions"]): string[] {
  return archived
    .filter(({ isComplete }) => isComplete)
    .map(({ session }) => session.sessionId)
    .toSorted();
}
