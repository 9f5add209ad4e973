import type { Clock } from "../clock.js";
import type { AtOnce, Database, WriteOutcome } from "../database/database.js";
import type { Transaction } from "../database/transactions/transaction.js";
import {
  beginCron,
  dueCron,
  endCron,
  resumeInterruptedCrons,
  type CronId,
} from "./crons.js";
import { keptRun, type Outcome } from "./cronRuns.js";
import type { DueEntry, LaneName } from "./due.js";
import {
  beginAction,
  beginJob,
  endJob,
  failInterruptedActions,
  INTERRUPTED,
  jobArgs,
  removeExpired,
  type DueJob,
  type EndState,
} from "./jobs.js";
import { Lane, type Committed } from "./lane.js";
import { heldJobs, judge, suspectKeys } from "./heldJobs.js";
import type {
  JobCall,
  JobHooks,
  JobResult,
  JobRunner,
  MutationResult,
} from "./runner.js";
import { Suspects } from "./suspects.js";
import type { UnderWay } from "./underWay.js";

export interface SchedulerOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly runner: JobRunner;
  /** Receives failures of the deployment itself; failures of functions are not reported here. */
  readonly onError: (error: unknown) => void;
  /**
   * Records which mutation is under way, for the next process. @default nothing is recorded, and
   * none is held
   */
  readonly underWay?: UnderWay;
  /**
   * Whether only the clock's timers start work, for an owner who drives the clock: due work waits
   * for its timer even without a delay, and then runs whatever else is running; rows of ended jobs
   * stay. @default false
   */
  readonly timersOnly?: boolean;
}

/** How many run at the same time: of scheduled functions as many as on a Convex that one hosts oneself. */
const PARALLELISM = 8;
const EXPIRY_BATCH = 100;
/** How long `stop` waits for actions; one that takes longer counts as interrupted. */
const STOP_GRACE_MS = 5_000;

/**
 * Runs scheduled functions and static crons when they are due, several at a time: they begin in the
 * order of their times. Mutations run exactly once: their end is in their own commit. Actions run at
 * most once: their start is on disk before they run.
 */
export class Scheduler {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #runner: JobRunner;
  readonly #underWay: UnderWay | undefined;
  readonly #lanes: readonly Lane[];
  readonly #suspects = new Suspects();
  #recovered: Promise<readonly string[]> | undefined;
  #stopListening: (() => void) | undefined;

  constructor({
    database,
    clock,
    runner,
    onError,
    underWay,
    timersOnly = false,
  }: SchedulerOptions) {
    this.#underWay = underWay;
    this.#database = database;
    this.#clock = clock;
    this.#runner = runner;
    const shared = { database, clock, onError, timersOnly };
    const atOnce = (usual: number) => (timersOnly ? Infinity : usual);
    const runEntry =
      (run: (entry: DueEntry) => Promise<Committed>) => (entry: DueEntry) =>
        run(entry).finally(() => this.#suspects.cleared(entry.key));
    const runJob = runEntry((entry) => this.#runJob(entry));
    const lanes = [
      new Lane({
        ...shared,
        name: "mutation",
        parallelism: atOnce(PARALLELISM),
        run: runJob,
      }),
      new Lane({
        ...shared,
        name: "action",
        parallelism: atOnce(PARALLELISM),
        run: runJob,
      }),
      new Lane({
        ...shared,
        name: "cron",
        parallelism: atOnce(PARALLELISM),
        run: runEntry((entry) => this.#runCron(entry)),
      }),
    ];
    if (!timersOnly) {
      lanes.push(
        new Lane({
          ...shared,
          name: "expiry",
          parallelism: 1,
          run: () =>
            this.#write((tx) => removeExpired(tx, this.#now, EXPIRY_BATCH)),
        }),
      );
    }
    this.#lanes = lanes;
  }

  /**
   * Settles jobs that an earlier process left in progress.
   * @returns descriptions of the held jobs, which ended their process time and again
   */
  recover(): Promise<readonly string[]> {
    return (this.#recovered ??= this.#recover());
  }

  async #recover(): Promise<readonly string[]> {
    const { value, durable } = await this.#write((tx) => {
      failInterruptedActions(tx, this.#now);
      resumeInterruptedCrons(tx, this.#now);
      if (this.#underWay) judge(tx, this.#underWay.before);
      return { held: heldJobs(tx), suspects: suspectKeys(tx) };
    });
    await durable;
    this.#underWay?.forget();
    this.#suspects.add(value.suspects);
    return value.held;
  }

  /** Runs due work, once all is settled. */
  async start(): Promise<void> {
    await this.recover();
    this.#underWay?.start();
    this.#stopListening = this.#database.onCommit(({ writes }) => {
      const { metaKeys } = writes;
      for (const lane of this.#lanes) {
        lane.noticed(metaKeys);
      }
    });
    for (const lane of this.#lanes) {
      lane.start();
    }
  }

  /** Starts nothing more, and waits a little for present runs. */
  async stop(): Promise<void> {
    this.#stopListening?.();
    let timer: unknown;
    const grace = new Promise<void>((resolve) => {
      timer = this.#clock.setTimeout(resolve, STOP_GRACE_MS);
    });
    const stopped = Promise.all(this.#lanes.map((lane) => lane.stop()));
    await Promise.race([stopped, grace]);
    this.#clock.clearTimeout(timer);
  }

  /** Starts nothing more, and leaves what runs to itself. */
  halt(): void {
    this.#stopListening?.();
    for (const lane of this.#lanes) lane.halt();
  }

  /** Number of functions that run. */
  get running(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.running, 0);
  }

  /** Resolves once nothing runs and nothing more is due by the clock. */
  async whenIdle(): Promise<void> {
    while (this.isBusy) {
      await Promise.all(this.#lanes.map((lane) => lane.whenIdle()));
    }
  }

  get isBusy(): boolean {
    return this.#lanes.some((lane) => lane.isBusy);
  }

  /**
   * When the next waiting function is due; undefined without one.
   * @param names - of the lanes that count. @default all
   */
  nextDueMs(names?: readonly LaneName[]): number | undefined {
    const lanes = this.#lanes.filter(
      ({ name }) => names === undefined || names.includes(name),
    );
    const nextMs = Math.min(...lanes.map((lane) => lane.nextDueMs()));
    return nextMs === Infinity ? undefined : nextMs;
  }

  async #runJob({ key, value }: DueEntry): Promise<Committed> {
    const job = JSON.parse(value) as DueJob;
    const { componentPath, path } = job.target;
    const call: JobCall = {
      componentPath,
      path,
      args: this.#read((tx) => jobArgs(tx, job)),
      source: "scheduler",
      job: { componentPath: job.componentPath, id: job.id },
    };
    // A push may have changed the function's type since it was scheduled.
    switch (this.#runner.typeOf(componentPath, path)) {
      case "Mutation":
        return this.#runMutationJob(key, job, call);
      case "Action":
        return this.#runActionJob(key, job, call);
      case "Query":
        return this.#write((tx) => endJob(tx, job, ofQuery(path), this.#now));
      case undefined:
        return this.#write((tx) => endJob(tx, job, missing(path), this.#now));
    }
  }

  async #runMutationJob(
    key: string,
    job: DueJob,
    call: JobCall,
  ): Promise<Committed> {
    const result = await this.#runMutation(key, call, {
      begin: (tx) => beginJob(tx, job),
      beforeCommit: (tx) => endJob(tx, job, { kind: "success" }, this.#now),
    });
    switch (result.kind) {
      case "success":
        return result;
      case "skipped":
        return this.#write((tx) => tx.meta.delete(key));
      case "failed":
        return this.#write((tx) => endJob(tx, job, stateOf(result), this.#now));
    }
  }

  /**
   * Runs a mutation, recording it as under way for the next process in case this one ends
   * meanwhile.
   */
  async #runMutation(
    key: string,
    call: JobCall,
    hooks: JobHooks,
  ): Promise<MutationResult> {
    const letNext = await this.#suspects.turn();
    try {
      const result = await this.#runner.runMutation(call, {
        begin: (tx) => {
          this.#underWay?.begin(key);
          return hooks.begin(tx);
        },
        beforeCommit: (tx, output) => hooks.beforeCommit(tx, output),
      });
      // The next one may end the process, and this one has not to be judged again.
      const isAlone = letNext !== undefined;
      if (isAlone && result.kind === "success") await result.durable;
      return result;
    } finally {
      this.#underWay?.end(key);
      letNext?.();
    }
  }

  async #runActionJob(
    key: string,
    job: DueJob,
    call: JobCall,
  ): Promise<Committed> {
    const begun = await this.#write((tx) => {
      tx.meta.delete(key);
      return beginAction(tx, job);
    });
    await begun.durable;
    if (!begun.value) {
      return begun;
    }
    let result: EndState = INTERRUPTED;
    const end = (tx: Transaction) => endJob(tx, job, result, this.#now);
    return this.#endAfter(end, async () => {
      result = stateOf(await this.#runner.runAction(call));
    });
  }

  async #runCron({ key, value }: DueEntry): Promise<Committed> {
    const id = JSON.parse(value) as CronId;
    const cron = this.#read((tx) => dueCron(tx, id, key));
    if (cron === undefined) {
      return this.#write((tx) => tx.meta.delete(key));
    }
    const { componentPath, spec } = cron;
    const call: JobCall = {
      componentPath,
      path: spec.name,
      args: spec.args[0] ?? {},
      source: "cron",
      job: null,
    };
    const startedAt = performance.now();
    const end = (tx: Transaction, outcome?: Outcome) =>
      endCron(tx, id, this.#now, outcome && keptRun(startedAt, outcome));
    switch (this.#runner.typeOf(componentPath, spec.name)) {
      case "Mutation": {
        const result = await this.#runMutation(key, call, {
          begin: (tx) => dueCron(tx, id, key) !== undefined,
          beforeCommit: end,
        });
        if (result.kind === "success") return result;
        return this.#write((tx) =>
          result.kind === "failed" ? end(tx, result) : tx.meta.delete(key),
        );
      }
      case "Action": {
        const begun = await this.#write((tx) => {
          const current = dueCron(tx, id, key);
          if (current !== undefined) {
            beginCron(tx, current);
          }
          return current !== undefined;
        });
        await begun.durable;
        if (!begun.value) {
          return begun;
        }
        let outcome: Outcome | undefined;
        return this.#endAfter(
          (tx) => end(tx, outcome),
          async () => {
            const result = await this.#runner.runAction(call);
            outcome = result.kind === "success" ? result.output : result;
          },
        );
      }
      case "Query":
      case undefined:
        return this.#write((tx) => end(tx));
    }
  }

  /** Runs an action and ends it, whatever the outcome: a begun action is not run again. */
  async #endAfter(
    end: (tx: Transaction) => void,
    run: () => Promise<unknown>,
  ): Promise<Committed> {
    try {
      await run();
    } catch (error) {
      await this.#write(end);
      throw error;
    }
    return this.#write(end);
  }

  get #now(): number {
    return this.#clock.now();
  }

  #write<T>(run: (tx: Transaction) => T & AtOnce<T>): Promise<WriteOutcome<T>> {
    return this.#database.write(run);
  }

  #read<T>(run: (tx: Transaction) => T): T {
    const tx = this.#database.read();
    try {
      return run(tx);
    } finally {
      tx.release();
    }
  }
}

function stateOf(result: JobResult): EndState {
  return result.kind === "success"
    ? { kind: "success" }
    : { kind: "failed", error: result.error };
}

/** The end of a job of a query: Convex lets it be scheduled, and fails it at its time. */
function ofQuery(path: string): EndState {
  return {
    kind: "failed",
    error: `Unsupported function type. ${path} is defined as a Query. Only Mutation and Action can be scheduled.`,
  };
}

function missing(path: string): EndState {
  return {
    kind: "failed",
    error: `Could not find function for '${path}'. Did you forget to run \`npx convex dev\`?`,
  };
}
