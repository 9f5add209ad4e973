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

/** Options for tests of the floors below the server; all else is as in a deployment. */
export interface FloorOptions<C extends Clock> {
  /** The clock. @default a {@link FakeClock} */
  clock?: C;
  /**
   * Directory of the data. @default a directory of its own, which {@link Floors.remove} takes away
   */
  dataDir?: string;
  /** The store. @default the one in `dataDir` */
  store?: Store;
  /** Limits of a transaction. */
  limits?: Partial<TransactionLimits>;
  runtime?: Omit<RuntimeOptions, "database" | "clock">;
  /** Runs the jobs. @default runs functions of the runtime */
  runner?: JobRunner;
  /** Whether due work waits for a timer of the clock. */
  timersOnly?: boolean;
  /** Receives failures of the scheduler. @default adds them to {@link Floors.errors} */
  onError?: (error: unknown) => void;
}

/** Storage, database, functions and scheduler, put together as `openDeployment` does. */
export interface Floors<C extends Clock = FakeClock> {
  readonly clock: C;
  readonly dataDir: string;
  readonly store: Store;
  readonly database: Database;
  readonly runtime: Runtime;
  /** The scheduler, not started yet. */
  readonly scheduler: Scheduler;
  readonly errors: unknown[];
  /** Stops the scheduler and closes the store. */
  close(): Promise<void>;
  /** Closes as {@link close}, and removes the directory. */
  remove(): Promise<void>;
}

/** Opens an engine, or the lower floors of one: the one way in which tests do. */
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
