/**
 * `npm run demo`: the main job from end to end. Every step is the real CLI as a process of its own,
 * talking over HTTP to a deployment that `sessions-ops serve` runs. Fails where the numbers do not
 * agree with the sessions that were made up.
 */
import { deepStrictEqual as agree } from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DryRunJson } from "../cli/json/dryRun.js";
import type { RunListJson } from "../cli/json/run.js";
import type { SchedulePreviewJson } from "../cli/json/schedule.js";
import type { StatusJson } from "../cli/json/status/status.js";
import { DemoCli } from "./demoCli.js";
import { seedSessions } from "./seedSessions.js";

const ROOT = join(import.meta.dirname, "..");

const SESSIONS = 20_000;
const SPEC = "0 3 * * *";
const TIME_ZONE = "Europe/Berlin";

const startedAt = Date.now();
// With this seed nobody's last activity lies in the six minutes after 14 days ago, so that the
// cutoff, which moves on from the dry run to the purge, passes nobody.
const rows = [
  ...seedSessions({ sessions: SESSIONS, days: 60, now: startedAt, seed: 8 }),
];

const folder = makeAppFolder();
try {
  const cli = await DemoCli.serve(folder);
  try {
    await demonstrate(cli);
  } finally {
    await cli.stop();
  }
} finally {
  rmSync(folder, { recursive: true });
}
const seconds = ((Date.now() - startedAt) / 1_000).toFixed(1);
process.stdout.write(`\nAll numbers agree, after ${seconds} s.\n`);

async function demonstrate(cli: DemoCli): Promise<void> {
  // Most rows are older than the retention; the nightly purge shall not take them half-way.
  await cli.show("schedule", "pause", "purge", "--reason", "import");
  await cli.show("import", "sessions.jsonl");
  await cli.show("status");
  agree((await cli.json<StatusJson>("status")).sessions.total, SESSIONS);

  await cli.show("purge", "--days", "14", "--dry-run");
  const dryRun = await cli.json<DryRunJson>(
    "purge",
    "--days",
    "14",
    "--dry-run",
  );
  agree(dryRun.sessions, countBefore(dryRun.cutoff));
  await cli.show("purge", "--days", "14", "--yes");
  const run = (await cli.json<RunListJson>("runs", "list")).runs.find(
    ({ kind }) => kind === "purge",
  );
  agree(run?.status, "completed");
  agree(run.sessions, dryRun.sessions);

  await cli.show("schedule", "set", "purge", SPEC, "--tz", TIME_ZONE);
  await cli.show("schedule", "resume", "purge");
  await cli.show("schedule", "preview", "purge");
  const { fires, spec, timeZone, paused } = await cli.json<SchedulePreviewJson>(
    "schedule",
    "preview",
    "purge",
  );
  agree(
    { spec, timeZone, paused },
    { spec: SPEC, timeZone: TIME_ZONE, paused: null },
  );

  await cli.show("status");
  const { sessions, schedules } = await cli.json<StatusJson>("status");
  agree(sessions.total, SESSIONS - dryRun.sessions);
  agree(sessions.total, sessions.active + sessions.expired + sessions.ended);
  agree(schedules.find(({ name }) => name === "purge")?.nextAt, fires[0]);
}

/** The number of made-up sessions that a purge with this cutoff deletes. */
function countBefore(cutoff: string): number {
  return rows.filter(({ lastActive }) => lastActive < Date.parse(cutoff))
    .length;
}

/** The app of this repository in a folder of its own, beside which `npm start` may be running. */
function makeAppFolder(): string {
  const parent = join(ROOT, ".sessions-ops");
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "demo-"));
  const files = {
    "package.json": JSON.stringify({ dependencies: { convex: "*" } }),
    "convex.json": JSON.stringify({ functions: "../../convex" }),
    "sessions.jsonl": rows.map((row) => `${JSON.stringify(row)}\n`).join(""),
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), content);
  }
  return folder;
}
