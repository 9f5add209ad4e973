/** Runs that take a while, in real processes: followed in a terminal, interrupted, killed. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type {
  RunListJson,
  RunResultJson,
  RunShowJson,
} from "../../../cli/json/run.js";
import type { ExportJson } from "../../../cli/json/transfer.js";
import { OldSessions } from "../support/oldSessions.js";
import type { Running } from "../support/realCli.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";

const SESSIONS = 3_000;
const old = new OldSessions(SESSIONS);
const { cli } = old;

/** The id of the run that a command says how to follow. */
async function runIdIn(text: Promise<string> | string): Promise<string> {
  return /runs watch (\w+)/.exec(await text)?.[1] ?? "";
}

test("a purge in a terminal shows a bar with rate and time left; Ctrl-C detaches and says how to watch, cancel or resume", async () => {
  await old.importAll();
  const purging = cli.startInTerminal([
    ...["purge", "--days", "14", "--yes", "--rate", "250/s"],
  ]);
  const bar = await purging.said(
    /\d+% \| [1-9]\d*\/3000 sessions \| [\d,]+\/s \| \d+ seconds? left/,
  );
  // The bar is one line that is drawn over, not one for each step.
  expect(bar).toContain("\u001b[");
  purging.child.stdin?.write("\u0003");
  const { exitCode, stdout } = await purging.finished;
  expect(exitCode).toBe(2);
  const runId = await runIdIn(stdout);
  expect(stdout.replace(/\s+/g, " ")).toContain(
    `Detached. The run goes on: \`sessions-ops runs watch ${runId}\` follows it, \`sessions-ops runs cancel ${runId}\` stops it before its next page, \`sessions-ops runs resume ${runId}\` goes on after that.`,
  );

  const { runs } = await cli.quick<RunListJson>(["runs", "list"]);
  expect(runs[0]).toMatchObject({ runId, status: "running" });
  await cli.json(["runs", "cancel", runId, "--reason", "too early"]);
  const stopped = await cli.quick<RunShowJson>(["runs", "show", runId]);
  expect(stopped).toMatchObject({ status: "canceled", ratePerSecond: 250 });
  expect(stopped.sessions).toBeLessThan(SESSIONS);
  expect(await old.total()).toBe(SESSIONS - stopped.sessions);

  await cli.json(["runs", "resume", runId]);
  const watched = await cli.json<RunResultJson>(["runs", "watch", runId]);
  expect(watched).toMatchObject({ status: "completed", sessions: SESSIONS });
  expect(await old.total()).toBe(0);
}, 300_000);

test("SIGINT to a process without a terminal detaches as well", async () => {
  await old.importAll();
  const purging = cli.start([
    ...["purge", "--days", "14", "--yes", "--rate", "250/s"],
  ]);
  await purging.said("Cutoff:");
  await runOf(purging);
  purging.child.kill("SIGINT");
  const { exitCode, stderr } = await purging.finished;
  expect(exitCode).toBe(2);
  const runId = await runIdIn(stderr);
  await cli.json(["runs", "cancel", runId]);
  await cli.json(["purge", "--days", "14", "--yes"]);
}, 300_000);

test("two purges at once are one run, and both say what it did", async () => {
  await old.importAll();
  const purge = ["purge", "--days", "14", "--yes"];
  const [first, second] = await Promise.all([
    cli.json<RunResultJson>([...purge, "--rate", "200/s"]),
    cli.json<RunResultJson>([...purge, "--rate", "200/s"]),
  ]);
  expect(second.runId).toBe(first.runId);
  expect([first, second].map(({ sessions }) => sessions)).toEqual([
    SESSIONS,
    SESSIONS,
  ]);
  const followed = [first, second].filter((one) => one.alreadyRunning);
  expect(followed).toHaveLength(1);
  expect(await old.total()).toBe(0);
}, 300_000);

test("an archived purge that is killed goes on in its file, and holds everything once", async () => {
  await old.importAll();
  const archive = "old.jsonl.gz";
  const path = join(cli.folder, archive);
  const args = ["purge", "--days", "14", "--yes", "--archive", archive];
  const purging = cli.start([...args, "--rate", "250/s"]);
  const { runId } = await runOf(purging);
  await grown(path, purging);
  purging.child.kill("SIGKILL");
  await purging.finished;

  const left = await old.total();
  expect(left).toBeGreaterThan(0);
  const scheduled = await cli.run("purge", "--days", "14", "--yes", "--detach");
  expect(scheduled.stderr).toContain(`Run ${runId} is already running`);
  expect(await old.total()).toBe(left);

  const resume = ["runs", "resume", runId, "--archive", archive];
  const ended = await cli.json<RunResultJson>(resume);
  expect(ended).toMatchObject({
    status: "completed",
    sessions: SESSIONS,
    actions: SESSIONS,
    archive: { file: path, stayed: 0 },
  });
  expect(await old.total()).toBe(0);
  const ids = gunzipSync(readFileSync(path))
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { anonymousId?: string }).anonymousId)
    .filter((id) => id !== undefined);
  expect(ids).toHaveLength(SESSIONS);
  expect(new Set(ids).size).toBe(SESSIONS);
  expect(statSync(path).mode & 0o777).toBe(0o600);
}, 300_000);

test("export, purge, import, export give the same bytes", async () => {
  await cli.json(["import", "old.jsonl.gz", "--yes"]);
  const exported = await cli.json<ExportJson>(["export", "a.jsonl.gz"]);
  expect(exported).toMatchObject({ sessions: SESSIONS, actions: SESSIONS });
  await cli.quick(["purge", "--days", "14", "--yes"]);
  expect(await old.total()).toBe(0);
  await cli.json(["import", "a.jsonl.gz", "--yes"]);
  await cli.json(["export", "b.jsonl.gz"]);
  const [a, b] = ["a", "b"].map((name) =>
    readFileSync(join(cli.folder, `${name}.jsonl.gz`)),
  );
  expect(a?.equals(b ?? Buffer.alloc(0))).toBe(true);
  const piped = await cli.run("export", "-");
  expect(piped.stdout).toBe(gunzipSync(a ?? "").toString());
}, 300_000);

test("export and import hold only a part of the data in memory", async () => {
  await cli.quick(["purge", "--days", "14", "--yes"]);
  // The heap is twice what the commands need, and less than the 77 MB that they move.
  const heap = { NODE_OPTIONS: "--max-old-space-size=64" };
  const lastActive = Date.now() - 30 * DAY_MS;
  const lines = Array.from({ length: 300 }, (_, visitor) => {
    const actions = Array.from({ length: 40 }, (_, at) => ({
      at: lastActive - at,
      action: "wrote",
      metadata: `${visitor} ${at} `.repeat(1_000),
    }));
    const anonymousId = `writer-${visitor}`;
    const createdAt = lastActive - actions.length;
    return `${JSON.stringify({ anonymousId, createdAt, lastActive, actions })}\n`;
  });
  writeFileSync(join(cli.folder, "large.jsonl"), lines.join(""));
  const importing = cli.start(["import", "large.jsonl", "--yes"], "", heap);
  expect(await importing.finished).toMatchObject({ exitCode: 0 });
  const exporting = cli.start(["export", "copy.jsonl"], "", heap);
  expect(await exporting.finished).toMatchObject({ exitCode: 0 });
  const { size } = statSync(join(cli.folder, "copy.jsonl"));
  expect(size).toBeGreaterThan(60 * 1_024 * 1_024);
}, 300_000);

/** Waits until the command has a run under way. */
async function runOf(command: Running): Promise<{ runId: string }> {
  return await untilFound(command, async () => {
    const { runs } = await cli.quick<RunListJson>(["runs", "list"]);
    return runs.find(({ status }) => status === "running");
  });
}

/** Waits until some of the run's pages are deleted. */
async function grown(path: string, command: Running): Promise<void> {
  await untilFound(
    command,
    async () => (await old.total()) < SESSIONS || undefined,
  );
  expect(statSync(path).size).toBeGreaterThan(0);
}

/** Looks for something as long as the command goes on. */
async function untilFound<Found>(
  command: Running,
  look: () => Promise<Found | undefined>,
): Promise<Found> {
  let isOver = false;
  void command.finished.then(() => (isOver = true));
  while (!isOver) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`It ended too early: ${(await command.finished).stderr}`);
}
