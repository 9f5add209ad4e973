import { HttpError } from "../../http/http.js";
import { encodeTs } from "../../snapshotPins.js";
import type { Speaker } from "../calls.js";
import type { StateVersion } from "../messages.js";
import type { LiveQueries } from "./liveQueries.js";
import type { LiveResult } from "./queryRun.js";
import type { Changes, LiveQuery, QuerySet } from "./querySet.js";
import type { Round, RoundMember } from "./rounds.js";
import type { Asking, Held } from "./sharedQueries.js";
import { transitionText, type WireText } from "./transitionText.js";
import type { Turn } from "./turns.js";

/** Limit for the results of one transition, all of which are in memory at once. */
const MAX_CHARACTERS = 128 * 1024 * 1024;

/** Sources from which transitions are made. */
export interface TransitionSources {
  readonly live: LiveQueries;
  readonly queries: QuerySet;
  /** The user who is signed in now. */
  speaker(): Speaker;
  /** Settles once every mutation that has begun to commit is answered. */
  unanswered(): Promise<void> | undefined;
  /** @param taken - called when the client's socket has taken it */
  send(transition: WireText, taken: () => void): void;
  failed(error: unknown): void;
}

/**
 * Takes one client from version to version. One transition is made at a time, and none before the
 * socket has taken the one before; changes meanwhile are gathered for the next. Each shows one
 * snapshot of data and code, for all queries the same, and only once that is on disk.
 */
export class Transitions implements RoundMember {
  readonly #sources: TransitionSources;
  readonly #received = { querySet: 0, identity: 0 };
  #sent: StateVersion = { querySet: 0, identity: 0, ts: encodeTs(0n) };
  /** Timestamp of a commit that the client waits for a transition to show. */
  #owedTs: bigint | undefined;
  #isDue = false;
  #isTaken = true;
  #isClosed = false;
  #running: Promise<void> | undefined;

  constructor(sources: TransitionSources) {
    this.#sources = sources;
  }

  /** The version that the client has asked for, whose transition may not be sent yet. */
  get received(): Readonly<{ querySet: number; identity: number }> {
    return this.#received;
  }

  get isUrgent(): boolean {
    return (
      this.#owedTs !== undefined ||
      this.#received.querySet !== this.#sent.querySet ||
      this.#received.identity !== this.#sent.identity
    );
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

  /** Looks for changes to send, in the next round. */
  wake(): void {
    this.#isDue = true;
    this.#askForRound();
  }

  goWith(round: Round): Promise<void> {
    this.#isDue = false;
    // What the client asks for from now on is not of this round: by then, it may have been told of commits that the
    // snapshot lacks.
    this.#running = this.#run(round, {
      version: { ...this.#received },
      ...this.#sources.queries.takeChanges(),
    });
    return this.#running;
  }

  fail(error: unknown): void {
    this.#isClosed = true;
    this.#sources.failed(error);
  }

  /** Stops sending; resolves when no query of this client runs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#sources.live.rounds.forget(this);
    await this.#running;
  }

  #askForRound(): void {
    const isIdle = this.#running === undefined && this.#isTaken;
    if (this.#isDue && isIdle && !this.#isClosed) {
      this.#sources.live.rounds.ask(this);
    }
  }

  async #run(round: Round, due: Due): Promise<void> {
    try {
      await this.#transition(round, due);
    } catch (error) {
      this.fail(error);
    } finally {
      round.served(this);
      this.#running = undefined;
      this.#askForRound();
    }
  }

  async #transition(round: Round, due: Due): Promise<void> {
    const { queries, live } = this.#sources;
    const turn = await live.turns.take(this.isUrgent ? "urgent" : "others");
    const making: Making = { turn, updates: [] };
    try {
      round.served(this);
      if (this.#isClosed) return;
      if (due.version.identity !== this.#received.identity) {
        // Somebody else is signed in by now, for whom everything is run, in the next round.
        queries.giveBack(due);
        return;
      }
      // A mutation that this snapshot shows is answered first, or the client would
      // see it twice: here, and in the optimistic update that the answer ends.
      const answered = this.#sources.unanswered();
      await this.#update(due.stale, round, making);
      if (!round.isDurable || answered !== undefined) {
        await turn.giveWay(Promise.all([round.durable, answered]));
      }
      this.#send(due, round.ts, making.updates);
    } finally {
      making.turn.end();
      live.gathering.end(making);
    }
  }

  /** Brings the stale queries to the round's snapshot. */
  async #update(
    stale: readonly LiveQuery[],
    round: Round,
    making: Making,
  ): Promise<void> {
    const { queries, live } = this.#sources;
    const speaker = this.#sources.speaker();
    let characters = 0;
    for (const query of stale) {
      if (making.turn.isOver) await making.turn.giveWay();
      if (this.#isClosed) return;
      const asking = queries.asking(query, speaker);
      if (asking === undefined) continue;
      const held =
        live.shared.find(asking, round) ??
        (await this.#heldFor(asking, round, making));
      if (held === undefined) return;
      const update = queries.settle(query, held);
      if (update === undefined) continue;
      making.updates.push(update);
      if (held.isNew) live.gathering.add(making, update.result.text.length);
      characters += update.result.characters;
      if (characters > MAX_CHARACTERS) throw tooLarge();
    }
  }

  /**
   * Runs a query, or waits until it has run for another client or there is room for its result.
   * @returns undefined when the client has gone meanwhile
   */
  async #heldFor(
    asking: Asking,
    round: Round,
    making: Making,
  ): Promise<Held | undefined> {
    const { shared, gathering } = this.#sources.live;
    for (;;) {
      const other = shared.underWay(asking, round);
      if (other === undefined && gathering.hasRoom(making)) {
        const held = await shared.run(asking, round, making.turn);
        // A query may end while it waits for the thread, as where its function did not.
        await making.turn.regained;
        return held;
      }
      await making.turn.giveWay(other ?? gathering.change());
      const found = shared.find(asking, round);
      if (found !== undefined || this.#isClosed) return found;
    }
  }

  #send(
    { version, removed }: Due,
    ts: bigint,
    updates: readonly Update[],
  ): void {
    if (this.#isClosed) return;
    const startVersion = this.#sent;
    const isOwed = this.#owedTs !== undefined && this.#owedTs <= ts;
    const isNews =
      removed.length > 0 ||
      updates.length > 0 ||
      version.querySet !== startVersion.querySet ||
      version.identity !== startVersion.identity;
    if (!isOwed && !isNews) return;
    if (isOwed) this.#owedTs = undefined;
    const endVersion = { ...version, ts: encodeTs(ts) };
    this.#sent = endVersion;
    this.#isTaken = false;
    this.#sources.send(
      transitionText({ startVersion, endVersion, removed, updates }),
      () => {
        this.#isTaken = true;
        this.#askForRound();
      },
    );
  }
}

/** What a client had asked for in the moment of a snapshot. */
interface Due extends Changes {
  readonly version: { readonly querySet: number; readonly identity: number };
}

/** A transition on its way. */
interface Making {
  readonly turn: Turn;
  readonly updates: Update[];
}

interface Update {
  readonly queryId: number;
  readonly result: LiveResult;
}

function tooLarge(): HttpError {
  return new HttpError(
    400,
    "TransitionTooLarge",
    `The results of this client's queries have more than ${MAX_CHARACTERS} characters together; watch fewer, or smaller pages.`,
  );
}
