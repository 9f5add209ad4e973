import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Clock } from "../../src/clock.js";
import { Database } from "../../src/database/database.js";
import type { TransactionLimits } from "../../src/database/metrics.js";
import { jobRunner } from "../../src/functions/jobRunner.js";
import { Runtime, type RuntimeOptions } from "../../src/functions/runtime.js";
import type { JobRunner } from "../../src/scheduler/runner.js";
import { Scheduler } from "../../src/scheduler/scheduler.js";
import type { Store } from "../../src/storage/store.js";
import { FakeClock } from "./fakeClock.js";

/** What tests of the floors below the server choose; all else is as in a deployment. */
export interface FloorOptions<C extends Clock> {
  /** @default a {@link FakeClock} */
  clock?: C;
  /** @default a directory of its own, which {@link Floors.remove} takes away */
  dataDir?: string;
  /** @default the one in `dataDir` */
  store?: Store;
  /** Of a transaction. */
  limits?: Partial<TransactionLimits>;
  runtime?: Omit<RuntimeOptions, "database" | "clock">;
  /** @default runs functions of the runtime */
  runner?: JobRunner;
  /** Due work waits for a timer of the clock. */
  timersOnly?: boolean;
  /** Hears what the scheduler has trouble with. @default they are {@link Floors.errors} */
  onError?: (error: unknown) => void;
}

/** Storage, database, functions and scheduler, put together as `openDeployment` does. */
export interface Floors<C extends Clock = FakeClock> {
  readonly clock: C;
  readonly dataDir: string;
  readonly store: Store;
  readonly database: Database;
  readonly runtime: Runtime;
  /** Not started yet. */
  readonly scheduler: Scheduler;
  readonly errors: unknown[];
  /** Stops the scheduler and closes the store. */
  close(): Promise<void>;
  /** {@link close}, and the directory is gone. */
  remove(): Promise<void>;
}

/** The one way in which tests build an engine, or the lower floors of one. */
export async function openFloors<C extends Clock = FakeClock>(
  options: FloorOptions<C> = {},
): Promise<Floors<C>> {
  const clock = options.clock ?? (new FakeClock() as Clock as C);
  const { store, dataDir } = await openStorage(options);
  const { limits = {} } = options;
  const database = await Database.open(store, { clock, limits });
  const runtime = new Runtime({ database, clock, ...options.runtime });
  const errors: unknown[] = [];
  const scheduler = new Scheduler({
    database,
    clock,
    runner: options.runner ?? jobRunner(runtime),
    timersOnly: options.timersOnly ?? false,
    onError: options.onError ?? ((error) => errors.push(error)),
  });
  const close = async () => {
    await scheduler.stop();
    await store.close();
  };
  const remove = async () => {
    await close();
    rmSync(dataDir, { recursive: true, force: true });
  };
  const floors = { clock, dataDir, store, database, runtime, scheduler };
  return { ...floors, errors, close, remove };
}

async function openStorage({
  store,
  dataDir = store === undefined
    ? mkdtempSync(path.join(tmpdir(), "embedded-"))
    : "none",
}: FloorOptions<Clock>): Promise<{ store: Store; dataDir: string }> {
  if (store !== undefined) return { store, dataDir };
  // Where tests run in a context of their own, as on the edge runtime, the native module is not wanted.
  const { openStore } = await import("../../src/storage/lmdbStore.js");
  return { store: await openStore({ dataDir }), dataDir };
}
