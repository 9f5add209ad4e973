import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import type { Runtime, RuntimeSnapshot } from "../../../functions/runtime.js";
import type { CommitWindow } from "./recentCommits.js";
import type { Subscriptions } from "./subscriptions.js";
import type { Turns } from "./turns.js";

/** One client that goes from snapshot to snapshot. */
export interface RoundMember {
  /** Whether the client waits for something that it did itself. */
  readonly isUrgent: boolean;
  /** Goes to the round's snapshot; never throws. */
  goWith(round: Round): Promise<void>;
  /** Ends the client after a failure of the deployment. */
  fail(error: unknown): void;
}

/**
 * The longest time from one round to the next. It is twice the time that live queries have taken
 * since, as far as that is shorter: half of the thread is for others, and each client gets what
 * many commits changed at once.
 */
const MAX_INTERVAL_MS = 250;

/**
 * Takes clients to newer snapshots: all whose queries were touched meanwhile to the same one, so
 * that what they share is run once. A round begins when all of the one before have had a turn, and
 * after a pause, for which clients that wait for something that they did themselves do not wait.
 */
export class Rounds {
  readonly #runtime: Runtime;
  readonly #subscriptions: Subscriptions;
  readonly #turns: Turns;
  readonly #tellWatchers: () => void;
  readonly #urgent: Line = { asking: new Set(), unserved: 0 };
  readonly #others: Line = { asking: new Set(), unserved: 0 };
  /** When the latest round of others began, and how much work had been done then. */
  #began = { at: -Infinity, workMs: 0 };
  #isAwake = false;
  #pause: NodeJS.Timeout | undefined;

  constructor(options: {
    runtime: Runtime;
    subscriptions: Subscriptions;
    turns: Turns;
    tellWatchers: () => void;
  }) {
    this.#runtime = options.runtime;
    this.#subscriptions = options.subscriptions;
    this.#turns = options.turns;
    this.#tellWatchers = options.tellWatchers;
  }

  /** Has a client go with the next round. */
  ask(member: RoundMember): void {
    if (member.isUrgent) {
      this.#others.asking.delete(member);
      this.#urgent.asking.add(member);
    } else if (!this.#urgent.asking.has(member)) {
      this.#others.asking.add(member);
    }
    this.wake();
  }

  /** Leaves a client out. */
  forget(member: RoundMember): void {
    this.#urgent.asking.delete(member);
    this.#others.asking.delete(member);
  }

  /** Looks for clients to take along, soon: safe to call inside of a commit. */
  wake(): void {
    if (this.#isAwake) return;
    this.#isAwake = true;
    setImmediate(() => {
      this.#tellWatchers();
      this.#isAwake = false;
      this.#begin();
    });
  }

  close(): void {
    clearTimeout(this.#pause);
  }

  #begin(): void {
    const lines = [this.#urgent];
    if (this.#isTimeForOthers()) lines.push(this.#others);
    const ready = lines.filter(
      ({ asking, unserved }) => asking.size > 0 && unserved === 0,
    );
    if (ready.length === 0) return;
    const round = this.#newRound();
    if (round === undefined) return;
    if (ready.includes(this.#others)) {
      this.#began = { at: performance.now(), workMs: this.#turns.workMs };
    }
    const going = ready.flatMap((line) => this.#send(line, round));
    void Promise.all(going).then(() => round.end());
  }

  /** A round on the latest snapshot; where there is none to be had any more, all who ask are told. */
  #newRound(): Round | undefined {
    try {
      return new Round(this.#runtime, this.#subscriptions);
    } catch (error) {
      const asking = [...this.#urgent.asking, ...this.#others.asking];
      this.#urgent.asking.clear();
      this.#others.asking.clear();
      for (const member of asking) member.fail(error);
      return undefined;
    }
  }

  /** Sends those of a line who ask on their way. */
  #send(line: Line, round: Round): Promise<void>[] {
    const members = [...line.asking];
    line.asking.clear();
    line.unserved = members.length;
    return members.map((member) => {
      round.whenServed(member, () => {
        line.unserved -= 1;
        if (line.unserved === 0) this.wake();
      });
      return member.goWith(round);
    });
  }

  /** Whether the pause is over; if not, others are looked at again after it. */
  #isTimeForOthers(): boolean {
    if (this.#others.asking.size === 0 || this.#others.unserved > 0) {
      return false;
    }
    const workMs = this.#turns.workMs - this.#began.workMs;
    const elapsedMs = performance.now() - this.#began.at;
    const leftMs = Math.min(2 * workMs, MAX_INTERVAL_MS) - elapsedMs;
    // No timer is as short as that.
    if (leftMs < 1) return true;
    this.#pause ??= setTimeout(() => {
      this.#pause = undefined;
      this.wake();
    }, leftMs);
    return false;
  }
}

interface Line {
  readonly asking: Set<RoundMember>;
  /** Members on their way who have not had a turn yet. */
  unserved: number;
}

/** The clients that are taken to one snapshot. */
export class Round {
  readonly snapshot: RuntimeSnapshot;
  readonly ts: bigint;
  /** The commits that the snapshot does not show. */
  readonly since: CommitWindow;
  /** Resolves when the snapshot is on disk. */
  readonly durable: Promise<void>;
  /** Queries that run now, by what they are the same by. */
  readonly underWay = new Map<string, Promise<void>>();
  readonly #unserved = new Map<RoundMember, () => void>();
  #isDurable = false;

  constructor(runtime: Runtime, subscriptions: Subscriptions) {
    this.snapshot = runtime.snapshot();
    this.ts = this.snapshot.data.ts;
    this.since = subscriptions.openWindow();
    this.durable = runtime.database.whenDurable(this.ts);
    this.durable.then(
      () => {
        this.#isDurable = true;
      },
      () => {
        // Its members are told.
      },
    );
  }

  get isDurable(): boolean {
    return this.#isDurable;
  }

  whenServed(member: RoundMember, served: () => void): void {
    this.#unserved.set(member, served);
  }

  /** Notes that a member has had its turn, or wants none. */
  served(member: RoundMember): void {
    const served = this.#unserved.get(member);
    if (!this.#unserved.delete(member)) return;
    served?.();
  }

  end(): void {
    this.since.close();
    this.snapshot.data.release();
  }
}
