/**
 * `npm run bench:scale [-- --sessions N] [--watchers N] [--data FOLDER] [--write]`: what the component and the embedded deployment do
 * with 1,000,000 sessions under load. Prints each bound with what was measured, and fails where one is missed.
 *
 * It takes a quarter to half an hour on two cores the first time, more than half of it for storing the sessions by the
 * product's own import; they are kept in FOLDER, 5 GB of them, so that the next time takes half as long. A copy is
 * worked on, which needs as much room again. Fewer sessions, or watchers of `status`, are to try it with.
 */
import { rm, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { HOUR_MS } from "../convex/sessionTracker/shared/times.js";
import { boundsOf, type Sizes } from "./bench/scale/judge.js";
import { format, printBounds } from "./bench/scale/bounds.js";
import { measureOperations, measureRows } from "./bench/scale/operations.js";
import { costOf, type RunCost } from "./bench/scale/runs.js";
import { copySeed, cutoffOf, seedIn, type Seed } from "./bench/scale/seed.js";
import { runUnderLoad } from "./bench/scale/underLoad.js";
import { MeasuredDeployment, ROOT } from "./bench/servers/deployment.js";

const { values: options } = parseArgs({
  options: {
    sessions: { type: "string", default: "1000000" },
    watchers: { type: "string", default: "200" },
    data: {
      type: "string",
      default: join(ROOT, "node_modules/.cache/sessions-ops-scale"),
    },
    write: { type: "boolean", default: false },
  },
});
const ACTIONS_EACH = 3;

const sessions = atLeast("sessions", 1_000);
const watchers = atLeast("watchers", 1);

const seeds: Seed[] = [];
for (const size of [sessions / 100, sessions / 10, sessions].map(Math.ceil)) {
  say(`${format(size)} sessions: storing them, or taking those of last time`);
  const seed = await seedIn(options.data, size, ACTIONS_EACH);
  if (seed.tookMs > 0) say(`stored in ${seconds(seed.tookMs)}`);
  seeds.push(seed);
}
const [few, some, many] = seeds as [Seed, Seed, Seed];

const small = await withCopy(few, (deployment) => purgeAll(deployment, few));
const middle = await withCopy(some, async (deployment) => {
  const purge = await purgeAll(deployment, some);
  const operations = await measureOperations(deployment);
  const cutoff = some.seededAt - HOUR_MS;
  const expire = await costOf(deployment, { kind: "expire", cutoff });
  const rows = await measureRows(deployment);
  return { purge, operations: { ...operations, expire }, rows };
});
say(`${format(sessions)} sessions under load`);
const underLoad = await withCopy(many, (deployment) =>
  runUnderLoad(deployment, many, { watchers }),
);
const sizes: Sizes = [
  { sessions: few.plan.sessions, purge: small },
  { sessions: some.plan.sessions, purge: middle.purge },
  { sessions, purge: underLoad.purge },
];
const { alone, loaded, watched, conflicts, tookMs } = underLoad;
say(
  `under load for ${seconds(tookMs.loaded)}: purge ${seconds(tookMs.purge)}, expire ${seconds(tookMs.expire)}, export ${seconds(tookMs.export)}; ` +
    `${format(alone.heartbeats.length)} heartbeats alone and ${format(loaded.heartbeats.length)} under load; ` +
    `${format(watched.updates)} results to those who watch`,
);
for (const { failure } of underLoad.all) {
  if (failure !== undefined) say(`not as expected: ${failure}`);
}
for (const { loser, winner, table, count } of conflicts ?? []) {
  say(`conflict: ${loser} lost to ${winner} on ${table}: ${format(count)}`);
}
const isKept = printBounds(boundsOf(many.plan, underLoad, sizes));
if (!isKept) process.exitCode = 1;
if (options.write) {
  const file = join(ROOT, "scripts/scaling/measured.json");
  await writeFile(
    file,
    `${JSON.stringify(
      {
        madeBy: `npm run bench:scale -- --sessions ${sessions} --write`,
        on: new Date().toISOString().slice(0, 10),
        node: process.version,
        cores: cpus().length,
        memoryGB: Math.round(totalmem() / 1e9),
        sessions,
        operations: middle.operations,
        rows: middle.rows,
        purges: sizes,
        commits: underLoad.commits,
        conflicts,
      },
      null,
      2,
    )}\n`,
  );
  say(`written to ${file}`);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function atLeast(name: "sessions" | "watchers", least: number): number {
  const value = Number(options[name]);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(
    `--${name} takes a number of at least ${least}, not ${options[name]}.`,
  );
}

async function withCopy<Result>(
  seed: Seed,
  work: (deployment: MeasuredDeployment) => Promise<Result>,
): Promise<Result> {
  const dataDir = await copySeed(seed);
  try {
    const deployment = await MeasuredDeployment.startIn(dataDir);
    const result = await work(deployment);
    await deployment.stop();
    return result;
  } finally {
    await rm(dirname(dataDir), { recursive: true });
  }
}

function purgeAll(
  deployment: MeasuredDeployment,
  seed: Seed,
): Promise<RunCost> {
  return costOf(deployment, { kind: "purge", cutoff: cutoffOf(seed) });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function seconds(ms: number): string {
  return `${format(ms / 1_000)} s`;
}
