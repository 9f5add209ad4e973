import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Clock } from "../../src/clock.js";
import { Database } from "../../src/database/database.js";
import type { TransactionLimits } from "../../src/database/metrics.js";
import { jobRunner } from "../../src/functions/jobRunner.js";
import type { FileDisk } from "../../src/files/fileDisk.js";
import { FileFolder } from "../../src/files/fileFolder.js";
import { StoredFiles } from "../../src/files/storedFiles.js";
import { Runtime, type RuntimeOptions } from "../../src/functions/runtime.js";
import type { JobRunner } from "../../src/scheduler/runner.js";
import { Scheduler } from "../../src/scheduler/scheduler.js";
import type { Store } from "../../src/storage/store.js";
import { FakeClock } from "./fakeClock.js";
import { MemoryFiles } from "./files/memoryFiles.js";

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
  /** How much memory vectors may hold. */
  maxVectorBytes?: number;
  /** Where files are. @default `dataDir`; memory where `store` is given */
  disk?: FileDisk;
  runtime?: Omit<RuntimeOptions, "database" | "clock" | "files">;
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
  readonly disk: FileDisk;
  readonly files: StoredFiles;
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
  const { limits = {}, maxVectorBytes } = options;
  const database = await Database.open(store, {
    clock,
    limits,
    maxVectorBytes,
  });
  const errors: unknown[] = [];
  const disk =
    options.disk ??
    (options.store === undefined ? new FileFolder(dataDir) : new MemoryFiles());
  const files = new StoredFiles({
    database,
    disk,
    clock,
    secret: Buffer.from("the secret of a test"),
    cloudUrl: () => "https://test.convex.cloud",
    log: (line) => errors.push(new Error(line)),
  });
  await files.recover();
  const runtime = new Runtime({ database, clock, files, ...options.runtime });
  const scheduler = new Scheduler({
    database,
    clock,
    runner: options.runner ?? jobRunner(runtime),
    timersOnly: options.timersOnly ?? false,
    onError: options.onError ?? ((error) => errors.push(error)),
  });
  const close = async () => {
    await scheduler.stop();
    await files.close();
    await store.close();
  };
  const remove = async () => {
    await close();
    rmSync(dataDir, { recursive: true, force: true });
  };
  const lower = { clock, dataDir, store, database, disk, files };
  return { ...lower, runtime, scheduler, errors, close, remove };
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
