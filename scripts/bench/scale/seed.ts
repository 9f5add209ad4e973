import { existsSync } from "node:fs";
import { constants } from "node:fs";
import {
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  MAX_IMPORT_ACTIONS,
  MAX_IMPORT_ROWS,
} from "../../../convex/sessionTracker/shared/limits.js";
import {
  DAY_MS,
  HOUR_MS,
} from "../../../convex/sessionTracker/shared/times.js";
import type { ImportRow } from "../../../cli/deployment/api.js";
import { MeasuredDeployment } from "../servers/deployment.js";

/** What is stored before anything is measured, of so many sessions. */
export interface Plan {
  sessions: number;
  /** Sessions that a purge takes: inactive for longer than the retention of 14 days. */
  purgeable: number;
  /** Sessions whose visit is under way and idle, which an expire run takes. */
  idle: number;
  /** Actions of each session. */
  actionsEach: number;
}

const ACTION_BYTES = 100;
/** Calls of the import that are under way at once. */
const IMPORTERS = 4;

function planOf(sessions: number, actionsEach: number): Plan {
  const purgeable = Math.floor(sessions * 0.9);
  const idle = Math.floor(sessions * 0.02);
  return { sessions, purgeable, idle, actionsEach };
}

/** A data directory with the sessions of a plan. */
export interface Seed {
  plan: Plan;
  dataDir: string;
  /** The time that the sessions' times are relative to, in ms since the epoch. */
  seededAt: number;
  /** How long seeding took; 0 where it was there. */
  tookMs: number;
}

/**
 * The seed of so many sessions below `folder`: as it was left there, or made now by the product's own import and
 * left there.
 */
export async function seedIn(
  folder: string,
  sessions: number,
  actionsEach: number,
): Promise<Seed> {
  const plan = planOf(sessions, actionsEach);
  const kept = join(folder, `${sessions}-with-${actionsEach}`);
  const note = join(kept, "seed.json");
  const dataDir = join(kept, "data");
  if (existsSync(note)) {
    const { seededAt } = JSON.parse(await readFile(note, "utf8")) as {
      seededAt: number;
    };
    return { plan, dataDir, seededAt, tookMs: 0 };
  }
  const start = performance.now();
  const seededAt = Date.now();
  await mkdir(folder, { recursive: true });
  const draft = await mkdtemp(join(folder, "draft-"));
  const deployment = await MeasuredDeployment.startIn(join(draft, "data"));
  await prepare(deployment);
  await importAll(deployment, plan, seededAt);
  await deployment.stop();
  await writeFile(join(draft, "seed.json"), JSON.stringify({ seededAt }));
  await rename(draft, kept);
  return { plan, dataDir, seededAt, tookMs: performance.now() - start };
}

/** A copy of a seed to work on, in a folder beside it. */
export async function copySeed(seed: Seed): Promise<string> {
  const work = await mkdtemp(join(dirname(seed.dataDir), "work-"));
  const dataDir = join(work, "data");
  await cp(seed.dataDir, dataDir, {
    recursive: true,
    mode: constants.COPYFILE_FICLONE,
    // An owner's socket is nothing that can be copied.
    filter: (path) => !path.endsWith(".socket"),
  });
  return dataDir;
}

/** Before which time a purge takes a session. */
export function cutoffOf({ seededAt }: Pick<Seed, "seededAt">): number {
  return seededAt - 14 * DAY_MS;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Every heartbeat writes its lease, all visitors may come at once, and no run starts by itself. */
async function prepare(deployment: MeasuredDeployment): Promise<void> {
  await deployment.call("settings/settings:change", {
    patch: { touchAfterMs: 0, maxNewSessionsPerMinute: "never" },
    actor: "bench",
  });
  for (const name of ["expire", "purge"] as const) {
    await deployment.call("schedules/change:pause", {
      name,
      reason: "the bench starts the runs",
      actor: "bench",
    });
  }
}

async function importAll(
  deployment: MeasuredDeployment,
  plan: Plan,
  seededAt: number,
): Promise<void> {
  const each = Math.min(
    MAX_IMPORT_ROWS,
    Math.floor(MAX_IMPORT_ACTIONS / plan.actionsEach),
  );
  let next = 0;
  const importer = async () => {
    while (next < plan.sessions) {
      const first = next;
      next += each;
      const count = Math.min(each, plan.sessions - first);
      const rows = Array.from({ length: count }, (_, i) =>
        rowOf(first + i, plan, seededAt),
      );
      await deployment.call("operator/import:batch", { rows });
    }
  };
  await Promise.all(Array.from({ length: IMPORTERS }, importer));
}

/** Rows are in the order of their last activity; by anonymousId neighbours in time are far apart, as visitors are. */
function rowOf(i: number, plan: Plan, seededAt: number): ImportRow {
  const lastActive = seededAt - ageOf(i, plan);
  const startedAt = lastActive - HOUR_MS;
  const isIdle = i >= plan.sessions - plan.idle;
  return {
    anonymousId: anonymousIdOf(i),
    createdAt: startedAt,
    lastActive,
    ...(isIdle
      ? {
          visitUnderWay: { startedAt, engagedMs: 0, actions: plan.actionsEach },
        }
      : {}),
    actions: Array.from({ length: plan.actionsEach }, (_, n) => ({
      at: lastActive - n,
      action: "viewed",
      metadata: { text: "x".repeat(ACTION_BYTES) },
    })),
  };
}

function ageOf(i: number, { sessions, purgeable, idle }: Plan): number {
  if (i < purgeable) return Math.floor((70 - (55 * i) / purgeable) * DAY_MS);
  const kept = sessions - purgeable - idle;
  if (i < purgeable + kept) {
    return Math.floor((13 - (12 * (i - purgeable)) / kept) * DAY_MS);
  }
  return 2 * HOUR_MS + (sessions - i);
}

function anonymousIdOf(i: number): string {
  const scattered = Math.imul(i, 0x9e3779b1) >>> 0;
  return `${scattered.toString(16).padStart(8, "0")}-0000-4000-a000-${i.toString(16).padStart(12, "0")}`;
}
