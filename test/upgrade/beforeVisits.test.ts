/**
 * Today's app over the data directory of the last version without visits, and its export imported into today's, see
 * `makeBeforeVisits`: its leases did not say when a visit started, its sessions and runs had no visits.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openDeployment } from "@sessions-ops/embedded";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ImportJson } from "../../cli/json/transfer.js";
import type { Status } from "../../convex/sessionTracker/operator/status.js";
import type { Run } from "../../convex/sessionTracker/shared/runs/run.js";
import type { Session } from "../../convex/sessionTracker/shared/sessions.js";
import { FakeClock } from "../../embedded/test/support/fakeClock.js";
import { setUpDeployment } from "../cli/support/deployment.js";
import { unpackDirectory } from "./directoryFile.js";
import { deployApp, Driven } from "./drive.js";
import {
  CLOSED_AT,
  MINUTE_MS,
  PURGED_BEFORE,
  REOPENED_AT,
} from "./timeline.js";

const HERE = import.meta.dirname;
const ROOT = path.join(HERE, "../..");

describe("an upgraded data directory", () => {
  const clock = new FakeClock(REOPENED_AT);
  let dataDir: string;
  let driven: Driven;

  // The tests tell one story, in order.
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), "upgrade-"));
    await unpackDirectory(path.join(HERE, "beforeVisits.br"), dataDir);
    const options = { dataDir, port: 0, clock, holdJobs: true };
    driven = new Driven(await openDeployment(options), clock);
    // The deploy is refused if one of the stored rows does not match the schema.
    await deployApp(ROOT, driven.deployment);
  }, 120_000);
  afterAll(async () => {
    await driven.deployment.close();
    await rm(dataDir, { recursive: true });
  });

  const session = (id: string) =>
    driven.component<Session | null>("operator/show:get", { id });

  test("keeps the settings, and has defaults for those that are new", async () => {
    expect(await driven.component("settings/settings:get")).toMatchObject({
      revision: 2,
      retentionDays: 21,
      visitRetentionDays: "session",
      schedules: { purge: { spec: "40 3 * * *", timeZone: "Europe/Berlin" } },
    });
    const { sessions } = await driven.component<Status>("operator/status:get");
    expect(sessions).toEqual({ total: 28, active: 2, expired: 25, ended: 1 });
  });

  test("has the visits of visitors who were there go on, and closes them with times", async () => {
    const track = (anonymousId: string) =>
      driven.app("sessions:trackSession", { anonymousId });
    expect(await track("anna")).toMatchObject({ ok: true, state: "touched" });
    expect(await track("dozing")).toMatchObject({ ok: true, state: "revived" });
    expect(await track("gone")).toMatchObject({ ok: true, state: "revived" });
    await driven.app("sessions:endSession", { anonymousId: "anna" });
    expect(await session("anna")).toMatchObject({
      visits: 1,
      actionCount: 1,
      lastVisit: {
        startedAt: CLOSED_AT - MINUTE_MS,
        endedAt: REOPENED_AT,
        engagedMs: 0,
        actions: 1,
        why: "ended",
      },
    });
    const at = CLOSED_AT - 15 * MINUTE_MS;
    expect(await session("dozing")).toMatchObject({
      visits: 2,
      lastVisit: { startedAt: at, endedAt: at, why: "idle" },
    });
  });

  test("has the purge that was under way end by itself, with exact counts", async () => {
    await driven.deployment.startJobs();
    await driven.pass(15 * MINUTE_MS);
    const runs = await driven.component<Run[]>("runs/ledger:list", {
      kind: "purge",
    });
    expect(runs).toMatchObject([
      {
        cutoff: PURGED_BEFORE,
        status: "completed",
        sessions: 40,
        actions: 40,
        visits: 0,
        quarantined: 0,
      },
    ]);
    expect(await driven.app<string[]>("marks:purged")).toHaveLength(40);
  });
});

test("an export of the version before is imported whole, and again changes nothing", async () => {
  const file = await readFile(path.join(HERE, "beforeVisits.jsonl"), "utf8");
  const { terminal } = setUpDeployment();
  terminal.write("before.jsonl", file);
  const command = ["import", "before.jsonl", "--yes"];
  const lines = file.trim().split("\n").length;
  expect(await terminal.json<ImportJson>(...command)).toMatchObject({
    rows: lines,
    created: lines,
    invalid: 0,
    actions: 46,
    visits: 0,
  });
  expect(await terminal.json<ImportJson>(...command)).toMatchObject({
    unchanged: lines,
    actions: 0,
  });
});
