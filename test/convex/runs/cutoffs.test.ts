/**
 * Cutoffs are reckoned by the deployment's clock, hold under the settings that the operator looked at, and never
 * take a visitor who is not idle.
 */
import type { FunctionArgs, FunctionReturnType } from "convex/server";
import { describe, expect, test } from "vitest";
import {
  api,
  DAY_MS,
  freshComponent,
  HOUR_MS,
  MINUTE_MS,
  NOW,
  t,
} from "../support/fresh.js";
import { expectInvariants } from "../support/rows.js";
import {
  readRun,
  seedExpired,
  seedLeased,
  setPageSize,
  startRun,
  visitors,
} from "../support/runKit.js";
import { DEFAULT_SETTINGS } from "../../../convex/sessionTracker/shared/settings.js";

const LATEST = NOW - DEFAULT_SETTINGS.idleTimeoutMs;
const by = { actor: "tester", trigger: "operator" as const };

freshComponent();

async function change(patch: {
  retentionDays?: number;
  idleTimeoutMs?: number;
}) {
  return await t.mutation(api.settings.settings.change, {
    patch,
    actor: "ann",
  });
}

describe("a cutoff younger than the idle timeout", () => {
  test.each([
    { kind: "purge", cutoff: NOW },
    { kind: "purge", cutoff: LATEST + 1 },
    { kind: "purge", cutoff: { daysAgo: 0.001 } },
    { kind: "expire", cutoff: LATEST + 1 },
    { kind: "expire", cutoff: { daysAgo: 0 } },
  ] as const)("is refused: $kind $cutoff", async ({ kind, cutoff }) => {
    await seedLeased(t, visitors(1, LATEST));
    await expect(
      t.mutation(api.runs.control.start, { kind, cutoff, ...by }),
    ).rejects.toMatchObject({
      data: {
        kind: "invalidCutoff",
        now: NOW,
        latest: LATEST,
        message: expect.stringContaining("still there") as string,
      },
    });
    expect(await t.query(api.runs.ledger.list, {})).toEqual([]);
    const { sessions } = await expectInvariants(t);
    expect(sessions).toMatchObject([{ state: "active" }]);
  });

  test("is refused in a preview", async () => {
    await expect(
      t.query(api.runs.preview.purge, { cutoff: LATEST + 1 }),
    ).rejects.toMatchObject({ data: { kind: "invalidCutoff" } });
  });

  test("is refused by resume", async () => {
    await setPageSize(t, 1);
    await seedExpired(t, visitors(3, NOW - 20 * DAY_MS));
    const { runId } = await t.mutation(api.runs.control.start, {
      ...{ kind: "purge", cutoff: LATEST, ...by },
    });
    await t.mutation(api.runs.control.cancel, { runId, actor: "ann" });
    await change({ idleTimeoutMs: 2 * HOUR_MS });
    await expect(
      t.mutation(api.runs.control.resume, { runId, actor: "ann" }),
    ).rejects.toMatchObject({ data: { kind: "invalidCutoff" } });
    expect(await readRun(t, runId)).toMatchObject({ status: "canceled" });
  });
});

test("the latest cutoff takes no active visitor", async () => {
  await seedLeased(t, visitors(1, LATEST, "there"));
  await seedLeased(t, visitors(1, LATEST - 1, "idle"));
  const cutoff = LATEST;
  await startRun(t, "purge", cutoff);
  const { sessions } = await expectInvariants(t);
  expect(sessions.map((row) => row.anonymousId)).toEqual(["there-0"]);
});

test.each([
  { daysAgo: 20, cutoff: NOW - 20 * DAY_MS },
  { daysAgo: 1 / 3, cutoff: NOW - DAY_MS / 3 },
  { daysAgo: 1e9, cutoff: 0 },
])(
  "daysAgo is subtracted from the deployment's clock: %j",
  async ({ daysAgo, cutoff }) => {
    expect(
      await t.mutation(api.runs.control.start, {
        ...{ kind: "purge", cutoff: { daysAgo }, ...by },
      }),
    ).toMatchObject({ cutoff });
    expect(
      await t.query(api.runs.preview.purge, { cutoff: { daysAgo } }),
    ).toMatchObject({ cutoff, now: NOW });
  },
);

test("daysAgo must be a number", async () => {
  const cutoff = { daysAgo: NaN };
  await expect(
    t.mutation(api.runs.control.start, { kind: "purge", cutoff, ...by }),
  ).rejects.toMatchObject({ data: { kind: "invalidCutoff" } });
});

describe("a preview", () => {
  test("returns its clock, its settings' revision and whether the retention allows its cutoff", async () => {
    const under = async (cutoff?: number | { daysAgo: number }) => {
      const page = await t.query(
        api.runs.preview.purge,
        cutoff === undefined ? {} : { cutoff },
      );
      const { revision, retentionDays, isBelowRetention, now } = page;
      return {
        cutoff: page.cutoff,
        revision,
        retentionDays,
        isBelowRetention,
        now,
      };
    };
    const terms = { revision: 0, retentionDays: 14, now: NOW };
    const kept = NOW - 14 * DAY_MS;
    expect(await under()).toEqual({
      ...terms,
      cutoff: kept,
      isBelowRetention: false,
    });
    expect(await under(kept)).toMatchObject({ isBelowRetention: false });
    expect(await under({ daysAgo: 14 })).toMatchObject({
      isBelowRetention: false,
    });
    expect(await under(kept + 1)).toMatchObject({ isBelowRetention: true });
    expect(await under({ daysAgo: 13.9 })).toMatchObject({
      isBelowRetention: true,
    });
    await t.mutation(api.settings.settings.change, {
      ...{ patch: { retentionDays: "never" }, actor: "ann" },
    });
    expect(await under({ daysAgo: 4_000 })).toMatchObject({
      revision: 1,
      retentionDays: "never",
      isBelowRetention: true,
    });
    await expect(under()).rejects.toMatchObject({
      data: { kind: "retentionNever" },
    });
  });

  test("applies a patch of settings that are not in force yet", async () => {
    await change({ idleTimeoutMs: 2 * HOUR_MS });
    await seedExpired(t, visitors(2, NOW - 2 * HOUR_MS));
    const patch = { idleTimeoutMs: 5 * MINUTE_MS, retentionDays: 1 / 24 };
    expect(await t.query(api.runs.preview.purge, { patch })).toMatchObject({
      cutoff: NOW - HOUR_MS,
      retentionDays: 14,
    });
    expect(await count({ patch })).toBe(2);
  });

  test("counts sessions last active from a given time on", async () => {
    await seedExpired(t, visitors(2, NOW - 30 * DAY_MS, "old"));
    await seedExpired(t, visitors(3, NOW - 20 * DAY_MS, "newer"));
    await seedLeased(t, visitors(1, NOW - 20 * DAY_MS, "leased"));
    await seedLeased(t, visitors(1, NOW - 20 * DAY_MS - 1, "older"));
    const from = NOW - 20 * DAY_MS;
    expect(await count({ from })).toBe(4);
    expect(await count({ from: from + 1 })).toBe(0);
    expect(await count({ from: from - 1, measure: true })).toBe(5);
  });

  async function count(args: FunctionArgs<typeof api.runs.preview.purge>) {
    let sessions = 0;
    let page: FunctionReturnType<typeof api.runs.preview.purge> | undefined;
    do {
      const { cursor = null } = page ?? {};
      page = await t.query(api.runs.preview.purge, { ...args, cursor });
      sessions += page.sessions;
    } while (page.cursor !== null);
    return sessions;
  }
});

describe("a start or resume with the expected revision", () => {
  test("is refused once the settings have changed", async () => {
    await seedExpired(t, visitors(1, NOW - 20 * DAY_MS));
    const { revision, cutoff } = await t.query(api.runs.preview.purge, {});
    await change({ retentionDays: 90 });
    await expect(
      t.mutation(api.runs.control.start, {
        ...{ kind: "purge", cutoff, expectedRevision: revision, ...by },
      }),
    ).rejects.toMatchObject({
      data: {
        kind: "revisionConflict",
        expected: 0,
        actual: 1,
        last: { actor: "ann", after: { retentionDays: 90 } },
      },
    });
    expect((await expectInvariants(t)).sessions).toHaveLength(1);
  });

  test("has that revision kept with the run", async () => {
    await change({ retentionDays: 15 });
    const { runId } = await t.mutation(api.runs.control.start, {
      ...{ kind: "purge", expectedRevision: 1, ...by },
    });
    expect(await readRun(t, runId)).toMatchObject({ revision: 1 });
  });

  test("is checked for a resume as for a start", async () => {
    await setPageSize(t, 1);
    await seedExpired(t, visitors(3, NOW - 20 * DAY_MS));
    const { runId } = await t.mutation(api.runs.control.start, {
      kind: "purge",
      ...by,
    });
    await t.mutation(api.runs.control.cancel, { runId, actor: "ann" });
    await change({ retentionDays: 90 });
    const resume = { runId, actor: "ann" };
    await expect(
      t.mutation(api.runs.control.resume, { ...resume, expectedRevision: 1 }),
    ).rejects.toMatchObject({ data: { kind: "revisionConflict" } });
    await t.mutation(api.runs.control.resume, {
      ...resume,
      expectedRevision: 2,
    });
    expect(await readRun(t, runId)).toMatchObject({ revision: 2 });
  });
});
