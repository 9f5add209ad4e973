import type { GenericDataModel } from "convex/server";
import type { ConflictCount } from "../functions/conflicts.js";
import { Caller } from "./calls/caller.js";
import type { CrashOptions } from "./crashes.js";
import { TestDeploymentError } from "./errors.js";
import { importData, type ImportOptions, type Tables } from "./imports.js";
import type { Lives } from "./lives.js";
import type { FunctionLog } from "./logs.js";
import { invalidOption } from "./options.js";
import { TestClock } from "./clock/testClock.js";

const NOBODY = { identity: null, ip: null, userAgent: null };

/** A deployment for tests. It calls as whoever holds the admin key does. */
export class TestDeployment<
  DataModel extends GenericDataModel = GenericDataModel,
> extends Caller<DataModel> {
  /** Its time. */
  readonly clock: TestClock;
  /** Every execution that ended, in this order; of a mutation that ran again only the last. */
  readonly logs: readonly FunctionLog[];
  /** What the deployment itself has to say, such as of a promise that a function left to fail. */
  readonly notices: readonly string[];
  readonly #lives: Lives;

  /** @internal */
  constructor(lives: Lives) {
    super(lives, { componentPath: "", ...NOBODY });
    this.#lives = lives;
    this.clock = new TestClock(lives);
    this.logs = lives.logs;
    this.notices = lives.notices;
  }

  /** Address of the API and of the WebSocket, for clients; the same after a crash. */
  get url(): string {
    return this.#lives.url;
  }

  /** Address of the app's HTTP actions. */
  get siteUrl(): string {
    return this.#lives.siteUrl;
  }

  /** The admin key, for the official CLI and for `setAdminAuth` of clients. */
  get adminKey(): string {
    return this.#lives.adminKey;
  }

  /**
   * The functions and tables of a component, by its path, such as `workpool` or `parent/workpool`; functions
   * are named as in the component itself. Nobody is signed in there, as in any component.
   * @throws TestDeploymentError "invalidOption" where the app has no such component
   */
  component<Model extends GenericDataModel = GenericDataModel>(
    path: string,
  ): Caller<Model> {
    const paths = this.#lives.componentPaths;
    if (!paths.includes(path)) {
      const known = paths.filter((one) => one !== "").map((one) => `"${one}"`);
      throw invalidOption(
        `The app has no component ${JSON.stringify(path)}: ${known.length === 0 ? "it has none" : `it has ${known.join(", ")}`}.`,
      );
    }
    return new Caller<Model>(this.#lives, { componentPath: path, ...NOBODY });
  }

  /** Which mutations ran again because of which, and over which table. */
  conflicts(): readonly ConflictCount[] {
    return this.#lives.conflicts();
  }

  /**
   * Crashes: the deployment ends as by `kill -9`, in the midst of whatever is under way, and starts again on
   * what was on disk. All that was acknowledged is there; calls under way fail with "crashed", clients
   * reconnect. What an action does outside of the deployment goes on, as the process does.
   *
   * @returns resolves when the deployment is there again; with `at`, after the crash that will come then
   * @throws TestDeploymentError "crashed" where it is down already; "invalidOption" for a moment or a mutation that is
   *   none, which it would wait for in vain
   */
  crash(options: CrashOptions = {}): Promise<void> {
    return this.#lives.crash(options);
  }

  /** Starts it again after a crash with `restart: false`, at the same address. */
  restart(): Promise<void> {
    return this.#lives.restart();
  }

  /** Changes environment variables, as `npx convex env set` does; null removes one. */
  async setEnv(variables: Readonly<Record<string, string | null>>) {
    const changes = Object.entries(variables).map(([name, value]) => ({
      name,
      value,
    }));
    await this.#lives.call(({ live }) => live.changeEnvironment(changes));
  }

  /**
   * Imports a file as `npx convex import` does: the ZIP file of an export, or rows of one table from a `.jsonl`,
   * `.json` or `.csv` file; or tables with their rows, given as they are. What was in these tables is replaced
   * unless `mode` says otherwise.
   *
   * @throws TestDeploymentError "importFailed" with what is wrong with the data
   */
  import(data: string | Tables, options: ImportOptions = {}): Promise<void> {
    return importData(
      (path, init) => this.#lives.asAdmin(path, init),
      data,
      options,
    );
  }

  /** As in `convex-test`: waits for the scheduled functions that run. */
  finishInProgressScheduledFunctions(): Promise<void> {
    return this.clock.settle();
  }

  /**
   * As in `convex-test`: lets as much time pass as scheduled functions wait for, until none waits. Crons do not
   * count, but run on the way.
   * @param _advanceTimers - not needed here: the deployment has its own clock
   * @throws TestDeploymentError "notSettled" where they schedule others without end
   */
  async finishAllScheduledFunctions(
    _advanceTimers?: () => void,
    maxIterations = 100,
  ): Promise<void> {
    await this.clock.settle();
    for (let iteration = 0; iteration < maxIterations; iteration += 1) {
      const { parts } = await this.#lives.life();
      const dueMs = parts.scheduler.nextDueMs(["mutation", "action"]);
      if (dueMs === undefined) return;
      await this.clock.advanceTo(Math.max(dueMs, this.clock.now()));
    }
    throw new TestDeploymentError(
      "notSettled",
      `Scheduled functions still schedule others after ${maxIterations} rounds.`,
    );
  }

  /** Ends it, with its clients, and removes its data. */
  close(): Promise<void> {
    return this.#lives.close();
  }

  /** For `await using`: as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
