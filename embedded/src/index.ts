/**
 * A Convex-compatible deployment in one Node process, durable on LMDB: for trying, developing, testing and CI.
 *
 * @packageDocumentation
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock, type Clock } from "./clock.js";
import { isStoreGone } from "./errors.js";
import { Database } from "./database/database.js";
import { FileFolder } from "./files/fileFolder.js";
import { StoredFiles } from "./files/storedFiles.js";
import { containStrayErrors } from "./functions/strayErrors.js";
import { jobRunner } from "./functions/jobRunner.js";
import { Runtime } from "./functions/runtime.js";
import type { ConflictCount } from "./functions/conflicts.js";
import type { CompletionEvent } from "./functions/types.js";
import { Scheduler } from "./scheduler/scheduler.js";
import { UnderWay, verdictFile } from "./scheduler/underWay.js";
import { loadAdminKey } from "./server/auth/adminKey.js";
import { toFetch } from "./server/http/fetch.js";
import { createHandlers } from "./server/handler.js";
import {
  HttpError,
  errorResponse,
  type ApiHandler,
} from "./server/http/http.js";
import { LiveCode } from "./server/liveCode.js";
import type { Log } from "./server/log.js";
import { LogStream } from "./server/logStream.js";
import { listen, type UpgradeHandler } from "./server/http/node.js";
import { noteParts, type PartOptions } from "./parts.js";
import { PushService } from "./server/push/pushService.js";
import { refuseUpgrade } from "./server/http/refusals.js";
import { Exports } from "./server/snapshots/exports.js";
import { Imports } from "./server/snapshots/imports.js";
import { SnapshotPins } from "./server/snapshotPins.js";
import { createSyncSockets } from "./server/sync/sockets.js";
import type { AuthProvider } from "./server/auth/authProviders.js";
import { UserTokens, type ProviderSource } from "./server/auth/userTokens.js";
import { DeploymentCounters, type DeploymentStats } from "./stats.js";
import { openStore } from "./storage/lmdbStore.js";
import { endWhenStuck } from "./watchdog.js";

export type { Clock } from "./clock.js";
export { EmbeddedError, type EmbeddedErrorCode } from "./errors.js";
export type { ConflictCount } from "./functions/conflicts.js";
export type {
  CompletionEvent,
  ExecutionSource,
  LostTry,
  UdfType,
} from "./functions/types.js";
export type { TransactionMetricsReport } from "./database/metrics.js";
export type { Log } from "./server/log.js";
export type { DeploymentStats } from "./stats.js";

/** Where a deployment keeps its data and listens, and how it runs. */
export interface OpenOptions {
  /** Directory of the data, made if it does not exist; one process owns it at a time. */
  dataDir: string;
  /** Port of the API; 0 picks a free one. @default 3210 */
  port?: number;
  /** Port of the app's HTTP actions. @default the one after `port` */
  sitePort?: number;
  /**
   * Address to listen on; any other than the default opens the deployment to the network. @default
   * "127.0.0.1"
   */
  host?: string;
  /** Admin key. @default the directory's own, made at random the first time */
  adminKey?: string;
  /** Its time, for tests. @default the machine's */
  clock?: Clock;
  /**
   * Runs no scheduled function and no cron before `startJobs`, so that code can be mended before
   * due jobs run it. @default false
   */
  holdJobs?: boolean;
  /**
   * Ends the whole process, by SIGKILL, when pushed code has kept its thread for so long. For a
   * process that is a deployment and nothing else. @default never
   */
  endWhenStuckMs?: number;
  /** Receives log lines. @default no log */
  log?: Log;
}

/** A running deployment. */
export interface EmbeddedDeployment {
  /** Address of the API and of the WebSocket, for clients and for the official CLI. */
  readonly url: string;
  /** Address of the app's HTTP actions; `url` has them too, under `/http`. */
  readonly siteUrl: string;
  /** The admin key, for `CONVEX_SELF_HOSTED_ADMIN_KEY` of the official CLI. It may do all. */
  readonly adminKey: string;
  /** Directory of the data. */
  readonly dataDir: string;
  /** Answers a request as the HTTP API does, without a socket. */
  fetch(request: Request): Promise<Response>;
  /** What was executed and committed since it was opened. */
  stats(): DeploymentStats;
  /** Conflicts of mutations since it was opened, by who lost to whom over which table. */
  conflicts(): readonly ConflictCount[];
  /** Starts due jobs, now and later; does nothing where jobs run already. */
  startJobs(): Promise<void>;
  /** Calls `listener` for every execution that ended; returns the function that stops this. */
  onCompletion(listener: (event: CompletionEvent) => void): () => void;
  /** Answers requests in flight, writes everything to disk, gives the directory up. */
  close(): Promise<void>;
}

const DEFAULT_PORT = 3210;
const LOOPBACK = "127.0.0.1";

/**
 * Starts a Convex-compatible deployment in this process, with the code, data
 * and jobs that its directory holds. For trying, developing, testing and CI; production is Convex itself.
 *
 * @param options - where its data is kept, and on which ports it listens
 *
 * @example
 * ```ts
 * import { openDeployment } from "@sessions-ops/embedded";
 *
 * const deployment = await openDeployment({ dataDir: ".data", port: 0 });
 * try {
 *   console.log(deployment.url);
 * } finally {
 *   await deployment.close();
 * }
 * ```
 *
 * @throws EmbeddedError "dataDirInUse", "portInUse"; "storageFailed" where the directory lacks a
 * file, or cannot be read or written
 */
export async function openDeployment(
  options: OpenOptions,
): Promise<EmbeddedDeployment> {
  const cleanups = new Cleanups();
  try {
    return await open(options, cleanups);
  } catch (error) {
    await cleanups.run();
    throw error;
  }
}

async function open(
  {
    dataDir,
    port = DEFAULT_PORT,
    sitePort = port === 0 ? 0 : port + 1,
    host = LOOPBACK,
    adminKey: givenKey,
    clock = systemClock,
    holdJobs = false,
    endWhenStuckMs,
    log = () => {},
    connectionClock = clock,
    fsync = true,
    alsoTrusted = [],
  }: OpenOptions & PartOptions,
  cleanups: Cleanups,
): Promise<EmbeddedDeployment> {
  const store = await openStore({
    dataDir,
    fsync,
    onFailure: ({ message }) => log(message),
  });
  cleanups.add(
    () => store.close(),
    () => store.abandon(),
  );
  const adminKey = await loadAdminKey(dataDir, givenKey);
  const database = await Database.open(store, { clock });
  const files = new StoredFiles({
    database,
    disk: new FileFolder(dataDir),
    clock,
    secret: adminKey.secretFor("upload tokens"),
    cloudUrl: () => urls.cloud,
    log,
  });
  await files.recover();
  cleanups.add(() => files.close());
  const runtime = new Runtime({ database, clock, files });
  cleanups.add(containStrayErrors(runtime, log));

  if (endWhenStuckMs !== undefined) {
    const watchdog = endWhenStuck(endWhenStuckMs, verdictFile(dataDir), log);
    cleanups.add(async () => void (await watchdog.stop()));
  }

  const pins = new SnapshotPins(runtime, connectionClock);
  cleanups.add(() => pins.close());

  const front = new Front();
  const cloud = await listen({ host, port }, front.handle, front.upgrade);
  cleanups.add(
    () => cloud.close(),
    () => cloud.cut(),
  );
  const siteFront = new Front();
  const site = await listen(
    { host, port: sitePort },
    siteFront.handle,
    siteFront.upgrade,
  );
  cleanups.add(
    () => site.close(),
    () => site.cut(),
  );
  const urls = {
    cloud: urlOf(host, cloud.port),
    site: urlOf(host, site.port),
  };

  const live = LiveCode.open(database, runtime, {
    CONVEX_CLOUD_URL: urls.cloud,
    CONVEX_SITE_URL: urls.site,
  });
  const logs = new LogStream(connectionClock);
  runtime.onCompletion((event) => logs.add(event));
  const snapshots = { database, clock, files, dataDir, log };
  const [exports, imports] = [new Exports(snapshots), new Imports(snapshots)];
  await exports.recover();
  await imports.recover();
  cleanups.add(() => exports.close());
  cleanups.add(() => imports.close());
  const counters = new DeploymentCounters(database, runtime);
  const services = {
    database,
    runtime,
    adminKey,
    tokens: new UserTokens(trusting(live, alsoTrusted), clock),
    pins,
    live,
    logs,
    urls,
    log,
    exports,
    imports,
    files,
    clock,
    pushes: new PushService(database, live, clock),
    openedAtMs: clock.now(),
    version: packageVersion(),
  };
  const sockets = createSyncSockets(services, { clock, connectionClock });
  const handlers = createHandlers(services);

  const underWay = new UnderWay(dataDir);
  cleanups.add(() => underWay.close());
  const scheduler = new Scheduler({
    database,
    clock,
    runner: jobRunner(runtime),
    underWay,
    onError: (error) => {
      // The store has logged it, once.
      if (!isStoreGone(error))
        log(`The scheduler failed: ${describeError(error)}`);
    },
  });
  for (const held of await scheduler.recover()) {
    log(
      `Not run any more: ${held}, as it was under way whenever the last processes ended. ` +
        "Push code in which it is mended, and it runs again; or cancel it.",
    );
  }
  let started: Promise<void> | undefined;
  const startJobs = () => (started ??= scheduler.start());
  if (!holdJobs) await startJobs();
  cleanups.add(
    () => scheduler.stop(),
    () => scheduler.halt(),
  );
  cleanups.add(() => {
    logs.close();
    return sockets.close();
  });
  front.open(handlers.cloud, sockets.upgrade);
  siteFront.open(handlers.site, (_request, socket) =>
    refuseUpgrade(
      socket,
      404,
      `HTTP actions take no WebSockets; connect to ${urls.cloud}.`,
    ),
  );

  const deployment: EmbeddedDeployment = {
    url: urls.cloud,
    siteUrl: urls.site,
    adminKey: adminKey.value,
    dataDir,
    fetch: toFetch(handlers.cloud),
    stats: () => counters.read(),
    conflicts: () => runtime.conflicts.read(),
    startJobs,
    onCompletion: (tell) => runtime.onCompletion(tell),
    close: () => cleanups.run(),
  };
  const crash = () => cleanups.cut();
  noteParts(deployment, { database, runtime, scheduler, live, crash });
  return deployment;
}

/** The providers of the running code, after others. */
function trusting(
  code: LiveCode,
  others: readonly AuthProvider[],
): ProviderSource {
  return {
    get revision() {
      const { auth } = code.revision;
      return { auth: others.length === 0 ? auth : [...others, ...auth] };
    },
  };
}

/** Binds the sockets before the deployment is open, since code is told its URL. */
class Front {
  #handler: ApiHandler = () =>
    Promise.resolve(
      errorResponse(
        new HttpError(503, "Starting", "The deployment is starting."),
      ),
    );
  #upgrade: UpgradeHandler = (_request, socket) =>
    refuseUpgrade(socket, 503, "The deployment is starting.");

  readonly handle: ApiHandler = (request) => this.#handler(request);
  readonly upgrade: UpgradeHandler = (request, socket, head) =>
    this.#upgrade(request, socket, head);

  open(handler: ApiHandler, upgrade: UpgradeHandler): void {
    this.#handler = handler;
    this.#upgrade = upgrade;
  }
}

type Step = () => void | Promise<void>;

/** Undoes the steps of a start, last first, once. */
class Cleanups {
  readonly #steps: { readonly end: Step; readonly cut: Step }[] = [];
  #done: Promise<void> | undefined;

  /** @param cut - what a crash does in place of `end` */
  add(end: Step, cut = end): void {
    this.#steps.push({ end, cut });
  }

  run(): Promise<void> {
    return (this.#done ??= this.#runAll());
  }

  /** Cuts everything off at once, first what writes. */
  cut(): Promise<void> {
    return (this.#done ??= this.#cutAll());
  }

  async #cutAll(): Promise<void> {
    // Whatever was under way fails by it.
    await Promise.allSettled(
      this.#steps.map(async ({ cut }) => {
        await cut();
      }),
    );
  }

  /** Runs every step, also after one that fails. */
  async #runAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const { end } of this.#steps.reverse()) {
      try {
        await end();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

function urlOf(host: string, port: number): string {
  // A wildcard address is where to listen, not where to go.
  const name =
    host === "0.0.0.0" || host === "::"
      ? LOOPBACK
      : host.includes(":")
        ? `[${host}]`
        : host;
  return `http://${name}:${port}`;
}

function packageVersion(): string {
  // The file is one level above the sources in src as above the compiled files in dist.
  const file = join(dirname(fileURLToPath(import.meta.url)), "../package.json");
  try {
    const { version } = JSON.parse(readFileSync(file, "utf8")) as {
      version: string;
    };
    return version;
  } catch (error) {
    // The sources were bundled into a file of the app's own.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "unknown";
    throw error;
  }
}

function describeError(error: unknown): string {
  return error instanceof Error
    ? (error.stack ?? error.message)
    : String(error);
}
