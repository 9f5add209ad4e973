import type { Runtime, RuntimeSnapshot } from "../../../functions/runtime.js";
import { HttpError } from "../../http/http.js";
import { encodeTs } from "../../snapshotPins.js";
import type {
  ServerMessage,
  StateModification,
  StateVersion,
} from "../messages.js";
import type { QueryRun } from "./queryRun.js";
import type { LiveQuery, QuerySet } from "./querySet.js";
import type { CommitWindow, Subscriptions } from "./subscriptions.js";

/** Limit for the results of one transition, all of which are in memory at once. */
const MAX_CHARACTERS = 128 * 1024 * 1024;

/** Sources from which transitions are made. */
export interface TransitionSources {
  readonly runtime: Runtime;
  readonly subscriptions: Subscriptions;
  readonly queries: QuerySet;
  /** Runs queries as the user who is signed in now. */
  runner(): (query: LiveQuery, snapshot: RuntimeSnapshot) => Promise<QueryRun>;
  /** Settles once every mutation that has begun to commit is answered. */
  unanswered(): Promise<void> | undefined;
  send(message: ServerMessage): void;
  failed(error: unknown): void;
}

/**
 * Takes one client from version to version. One transition is made at a time; changes meanwhile are
 * gathered for the next. Each shows one snapshot of data and code, for all queries the same, and
 * only once that is on disk.
 */
export class Transitions {
  readonly #sources: TransitionSources;
  readonly #received = { querySet: 0, identity: 0 };
  #sent: StateVersion = { querySet: 0, identity: 0, ts: encodeTs(0n) };
  /** Timestamp of a commit that the client waits for a transition to show. */
  #owedTs: bigint | undefined;
  #isDue = false;
  #isClosed = false;
  #running: Promise<void> | undefined;

  constructor(sources: TransitionSources) {
    this.#sources = sources;
  }

  /** The version that the client has asked for, whose transition may not be sent yet. */
  get received(): Readonly<{ querySet: number; identity: number }> {
    return this.#received;
  }

  /** Takes a new version from the client, to be shown in the next transition. */
  advance(version: { querySet?: number; identity?: number }): void {
    Object.assign(this.#received, version);
    this.wake();
  }

  /**
   * Notes the commit of an answered mutation. A transition must follow that shows it, for the
   * client holds the mutation's promise back until then, even if no query changed.
   */
  owe(ts: bigint): void {
    if (this.#owedTs === undefined || ts > this.#owedTs) this.#owedTs = ts;
    this.wake();
  }

  /** Looks for changes to send. Safe to call while a commit is under way. */
  wake(): void {
    this.#isDue = true;
    this.#running ??= this.#run();
  }

  /** Stops sending; resolves when no query of this client runs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    // Listeners of a commit call `wake` in the middle of it.
    await Promise.resolve();
    try {
      while (this.#isDue && !this.#isClosed) {
        this.#isDue = false;
        await this.#transition();
      }
    } catch (error) {
      this.#isClosed = true;
      this.#sources.failed(error);
    } finally {
      this.#running = undefined;
    }
  }

  async #transition(): Promise<void> {
    const { runtime, subscriptions, queries } = this.#sources;
    const target = { ...this.#received };
    const removed = queries.takeRemoved();
    const stale = queries.takeStale();
    // A mutation that this snapshot shows is answered first, or the client would
    // see it twice: here, and in the optimistic update that the answer ends.
    const answered = this.#sources.unanswered();
    const snapshot = runtime.snapshot();
    const { ts } = snapshot.data;
    const since = subscriptions.openWindow();
    try {
      const updates = await this.#update(stale, snapshot, since);
      await runtime.database.whenDurable(ts);
      await answered;
      this.#send(target, ts, [
        ...removed.map((queryId) => ({
          type: "QueryRemoved" as const,
          queryId,
        })),
        ...updates,
      ]);
    } finally {
      since.close();
      snapshot.data.release();
    }
  }

  async #update(
    stale: readonly LiveQuery[],
    snapshot: RuntimeSnapshot,
    since: CommitWindow,
  ): Promise<StateModification[]> {
    const { queries } = this.#sources;
    const run = this.#sources.runner();
    const updates: StateModification[] = [];
    let characters = 0;
    for (const query of stale) {
      if (this.#isClosed) break;
      const result = await run(query, snapshot);
      const update = queries.settle(query, result, since);
      if (update === undefined) continue;
      updates.push(update.modification);
      characters += update.characters;
      if (characters > MAX_CHARACTERS) throw tooLarge();
    }
    return updates;
  }

  #send(
    target: { querySet: number; identity: number },
    ts: bigint,
    modifications: StateModification[],
  ): void {
    if (this.#isClosed) return;
    const startVersion = this.#sent;
    const isOwed = this.#owedTs !== undefined && this.#owedTs <= ts;
    const isNews =
      modifications.length > 0 ||
      target.querySet !== startVersion.querySet ||
      target.identity !== startVersion.identity;
    if (!isOwed && !isNews) return;
    if (isOwed) this.#owedTs = undefined;
    const endVersion = { ...target, ts: encodeTs(ts) };
    this.#sent = endVersion;
    this.#sources.send({
      type: "Transition",
      startVersion,
      endVersion,
      modifications,
    });
  }
}

function tooLarge(): HttpError {
  return new HttpError(
    400,
    "TransitionTooLarge",
    `The results of this client's queries have more than ${MAX_CHARACTERS} characters together; watch fewer, or smaller pages.`,
  );
}
