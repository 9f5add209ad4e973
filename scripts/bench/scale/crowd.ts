import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What live visitors met since they last reported. */
export interface VisitorsReport {
  /** The time that each heartbeat took to be answered, in ms; likewise each action. */
  heartbeats: number[];
  actions: number[];
  /** Actions that were answered with ok. */
  recorded: number;
  /** Calls that were not answered with ok. */
  failed: number;
  /** Calls that were answered as if to somebody who was not there a moment before. */
  lost: number;
  /** The answer to the first of either. */
  failure?: string;
  /** The longest time that their process sent anything after its time, in ms. */
  lateMs: number;
}

/** What those who watch `status` were shown. */
export interface WatchersReport {
  /** Number of new results since the last report, all watchers together. */
  updates: number;
  /** By watcher, the last counts. */
  shown: { total: number; active: number; expired: number; ended: number }[];
}

/** What those who watch queries of an app were shown. */
export interface SubscribersReport {
  /** Number of transitions with results since the last report, all subscribers together. */
  updates: number;
  /** The different results that subscribers were shown last. */
  shown: unknown[];
}

/** A process that makes load and tells what came of it. */
export class Crowd<Report> {
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  /** Resolves when each visitor has a session, or each watcher and subscriber a first result. */
  static async start<Report>(
    file:
      "visitorsProcess.mjs" | "watchersProcess.mjs" | "subscribersProcess.mjs",
    options: object,
  ): Promise<Crowd<Report>> {
    const script = fileURLToPath(
      new URL(`../servers/${file}`, import.meta.url),
    );
    const child = fork(script, [JSON.stringify(options)], { execArgv: [] });
    const ended = once(child, "exit").then(() => {
      throw new Error(`${file} ended before it was ready.`);
    });
    await Promise.race([once(child, "message"), ended]);
    ended.catch(() => undefined);
    return new Crowd<Report>(child);
  }

  async report(): Promise<Report> {
    this.#process.send("report");
    const [report] = (await once(this.#process, "message")) as [Report];
    return report;
  }

  /** Waits for what is under way, and ends the process. @returns its last report */
  async end(): Promise<Report> {
    const ended = once(this.#process, "exit");
    this.#process.send("end");
    const [report] = (await once(this.#process, "message")) as [Report];
    await ended;
    return report;
  }
}
