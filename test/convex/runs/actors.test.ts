/** Who started a run, stopped it and let it go on, and why, as the ledger keeps it. */
import { expect, test, vi } from "vitest";
import {
  api,
  DAY_MS,
  freshComponent,
  MINUTE_MS,
  NOW,
  t,
} from "../support/fresh.js";
import {
  readRun,
  seedExpired,
  setPageSize,
  visitors,
} from "../support/runKit.js";
import { MAX_RUN_ERRORS } from "../../../convex/sessionTracker/shared/runs/run.js";

freshComponent();

async function startPurge(archive?: { file: string; archiver: string }) {
  await setPageSize(t, 1);
  await seedExpired(t, visitors(5, NOW - 20 * DAY_MS));
  const by = { actor: "ann", trigger: "operator" as const };
  const { runId } = await t.mutation(api.runs.control.start, {
    ...{ kind: "purge", ...by },
    ...(archive === undefined ? {} : { archive }),
  });
  return runId;
}

test("the ledger keeps who resumed a canceled run, and why", async () => {
  const runId = await startPurge();
  await t.mutation(api.runs.control.cancel, { runId, actor: "ann" });
  vi.setSystemTime(NOW + MINUTE_MS);
  const first = { actor: "bob", reason: "the backup is there" };
  await t.mutation(api.runs.control.resume, { runId, ...first });
  await t.mutation(api.runs.control.cancel, { runId, actor: "ann" });
  vi.setSystemTime(NOW + 2 * MINUTE_MS);
  await t.mutation(api.runs.control.resume, { runId, actor: "cid" });
  expect(await readRun(t, runId)).toMatchObject({
    actor: "ann",
    resumes: [
      { at: NOW + MINUTE_MS, ...first },
      { at: NOW + 2 * MINUTE_MS, actor: "cid" },
    ],
  });
});

test("the ledger keeps the last few resumes of a run", async () => {
  const runId = await startPurge();
  for (let n = 0; n <= MAX_RUN_ERRORS; n += 1) {
    await t.mutation(api.runs.control.cancel, { runId, actor: "ann" });
    await t.mutation(api.runs.control.resume, { runId, actor: `bob-${n}` });
  }
  const { resumes = [] } = await readRun(t, runId);
  expect(resumes).toHaveLength(MAX_RUN_ERRORS);
  expect(resumes.at(-1)).toMatchObject({ actor: `bob-${MAX_RUN_ERRORS}` });
});

test("taking over an archived purge sets the archive's new file", async () => {
  const runId = await startPurge({ file: "/old.gz", archiver: "first" });
  const takeOver = { runId, actor: "bob", archiver: "second" };
  await t.mutation(api.runs.control.resume, takeOver);
  expect(await readRun(t, runId)).toMatchObject({ archiveFile: "/old.gz" });
  const archiveFile = "/moved.gz";
  const again = { ...takeOver, archiver: "third", archiveFile };
  await t.mutation(api.runs.control.resume, again);
  // The same request comes again, as its answer was lost.
  await t.mutation(api.runs.control.resume, again);
  expect(await readRun(t, runId)).toMatchObject({
    archiveFile,
    resumes: [{ actor: "bob" }, { actor: "bob" }],
  });
});

test("an empty reason is refused, and the run stays as it was", async () => {
  const runId = await startPurge();
  const by = { actor: "ann", reason: " " };
  const refused = [
    () => t.mutation(api.runs.control.cancel, { runId, ...by }),
    () => t.mutation(api.runs.control.resume, { runId, ...by }),
    () =>
      t.mutation(api.runs.control.start, {
        ...{ kind: "expire", trigger: "operator", ...by },
      }),
    () =>
      t.mutation(api.settings.settings.change, {
        patch: { pageSize: 7 },
        ...by,
      }),
    () =>
      t.mutation(api.schedules.change.set, {
        name: "purge",
        spec: "0 1 * * *",
        ...by,
      }),
    () => t.mutation(api.schedules.change.pause, { name: "purge", ...by }),
    () => t.mutation(api.schedules.change.resume, { name: "purge", ...by }),
  ];
  for (const change of refused) {
    await expect(change()).rejects.toMatchObject({
      data: { kind: "invalidArgument", argument: "reason" },
    });
  }
  expect(await readRun(t, runId)).toMatchObject({ status: "running" });
  expect(await t.query(api.runs.ledger.list, { kind: "expire" })).toEqual([]);
  expect(await t.query(api.settings.settings.get, {})).toMatchObject({
    revision: 1,
  });
});
