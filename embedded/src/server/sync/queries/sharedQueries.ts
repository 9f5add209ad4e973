import { createHash, randomUUID } from "node:crypto";
import type { Asked } from "../../../functions/types.js";
import type { Deployment } from "../../../functions/deployment.js";
import type { Speaker } from "../calls.js";
import type { AddQuery } from "../messages.js";
import {
  runLiveQuery,
  type LiveResult,
  type QueryRun,
  type QueryRunServices,
} from "./queryRun.js";
import type { Round } from "./rounds.js";
import type { Subscription, Subscriptions } from "./subscriptions.js";
import type { Turn } from "./turns.js";

/** A client's query as it waits for other results than the one it has. */
export interface Watcher {
  /** The result may be another one by now. */
  touched(): void;
}

/** The result that a client gets, and the query that it shares with others. */
export interface Held {
  readonly result: LiveResult;
  readonly shared: SharedQuery;
  /** The first snapshot that has the result. */
  readonly fromTs: bigint;
  /** Whether it was made for this client, and not for another one before. */
  readonly isNew: boolean;
}

/**
 * How long a result that depends on the time, or is a failure, is also shown to clients that begin
 * to watch; on Convex it is about as long.
 */
const PERISHABLE_MS = 5_000;

/** Limit for the results kept for clients that begin to watch, or come later in their round. */
const MAX_KEPT_BYTES = 32 * 1024 * 1024;

/**
 * The live queries of all clients. Clients that ask the same share one run of it: the same function
 * and arguments, the same code, and the same user if the function asks who is signed in. As on
 * Convex, a result is right until a commit touches what it read.
 */
export class SharedQueries {
  readonly #services: QueryRunServices;
  readonly #subscriptions: Subscriptions;
  readonly #onTouched: () => void;
  readonly #families = new Map<string, Family>();
  /** Queries whose watchers are not told yet. */
  readonly #touched = new Set<SharedQuery>();
  /** Queries whose results are kept, in the order in which these were made. */
  readonly #kept = new Set<SharedQuery>();
  #keptBytes = 0;
  readonly #forgetCode: () => void;

  /** @param onTouched - told inside of a commit that {@link tellWatchers} has something to do */
  constructor(
    services: QueryRunServices,
    subscriptions: Subscriptions,
    onTouched: () => void,
  ) {
    this.#services = services;
    this.#subscriptions = subscriptions;
    this.#onTouched = onTouched;
    this.#forgetCode = services.runtime.onCodeChange(() => {
      for (const { members } of this.#families.values()) {
        for (const query of members.values()) this.#touch(query);
      }
    });
  }

  /** Tells the watchers of every query that was touched since the last time. */
  tellWatchers(): void {
    for (const query of this.#touched) {
      for (const watcher of query.watchers) watcher.touched();
    }
    this.#touched.clear();
  }

  /** The result at the round's snapshot, if there is one. */
  find({ query, speaker }: Asking, round: Round): Held | undefined {
    const family = this.#families.get(query.key);
    if (family === undefined) return undefined;
    const shared =
      this.#rightAt(family.members.get(EVERYBODY), round) ??
      this.#rightAt(family.members.get(identityOf(speaker)), round);
    return shared?.result === undefined
      ? undefined
      : {
          result: shared.result,
          shared,
          fromTs: shared.fromTs,
          isNew: false,
        };
  }

  /** Resolves when a run for another client ends, whose result may be found then. */
  underWay(asking: Asking, round: Round): Promise<void> | undefined {
    return round.underWay.get(this.#nameOf(asking));
  }

  /**
   * Runs a query at the round's snapshot.
   *
   * @param turn - given away while the query runs, as often as it is over
   */
  async run(asking: Asking, round: Round, turn: Turn): Promise<Held> {
    const { query, speaker } = asking;
    const name = this.#nameOf(asking);
    const running = runLiveQuery(this.#services, query.request, speaker, {
      snapshot: round.snapshot,
      turn,
    });
    round.underWay.set(name, running.then(ignore, ignore));
    try {
      return this.#take(asking, await running, round);
    } finally {
      round.underWay.delete(name);
    }
  }

  close(): void {
    this.#forgetCode();
  }

  /** By whom a run is shared that has not ended, as far as that is known. */
  #nameOf({ query: { key }, speaker }: Asking): string {
    const asksIdentity = this.#families.get(key)?.asksIdentity === true;
    return asksIdentity ? `${key}${identityOf(speaker)}` : key;
  }

  #take({ query, speaker }: Asking, ran: QueryRun, round: Round): Held {
    const family = this.#familyOf(query.key);
    if (ran.asked.identity) family.asksIdentity = true;
    const member = ran.asked.identity ? identityOf(speaker) : EVERYBODY;
    const shared =
      family.members.get(member) ?? this.#newMember(query.key, family, member);
    // Where a later round was faster, its result is the one to keep.
    if (shared.fromTs <= round.ts) this.#update(shared, ran, round);
    return { result: ran.result, shared, fromTs: round.ts, isNew: true };
  }

  #update(shared: SharedQuery, ran: QueryRun, round: Round): void {
    const { runtime } = this.#services;
    const wasRight = !shared.isStale;
    const { isTouched, isOther } = shared.subscription.renew(
      ran.reads,
      round.since,
    );
    // Whoever has the result of before waits for commits to what it had read.
    if (wasRight && isOther) this.#noteTouched(shared);
    shared.fromTs = round.ts;
    shared.untilTs = isTouched ? round.ts + 1n : undefined;
    shared.deployment = round.snapshot.deployment;
    shared.isStale = isTouched || shared.deployment !== runtime.deployment;
    shared.madeAtMs = runtime.clock.now();
    shared.asked = ran.asked;
    this.#keep(shared, ran.result);
  }

  #newMember(key: string, family: Family, member: string): SharedQuery {
    const shared: SharedQuery = new SharedQuery(
      this.#subscriptions.subscribe((ts) => {
        shared.untilTs ??= ts;
        this.#touch(shared);
      }),
      () => {
        family.members.delete(member);
        if (family.members.size === 0) this.#families.delete(key);
        this.#touched.delete(shared);
        this.#drop(shared);
      },
    );
    family.members.set(member, shared);
    return shared;
  }

  #familyOf(key: string): Family {
    let family = this.#families.get(key);
    if (family === undefined) {
      family = { members: new Map(), asksIdentity: false };
      this.#families.set(key, family);
    }
    return family;
  }

  #rightAt(
    shared: SharedQuery | undefined,
    { ts, snapshot }: Round,
  ): SharedQuery | undefined {
    const isRight =
      shared?.result !== undefined &&
      shared.deployment === snapshot.deployment &&
      shared.fromTs <= ts &&
      (shared.untilTs === undefined || ts < shared.untilTs) &&
      (shared.fromTs === ts || !this.#hasPerished(shared));
    return isRight ? shared : undefined;
  }

  #hasPerished({ asked, result, madeAtMs }: SharedQuery): boolean {
    const isPerishable = asked.time || result?.isFailure === true;
    const ageMs = this.#services.runtime.clock.now() - madeAtMs;
    return isPerishable && (ageMs < 0 || ageMs > PERISHABLE_MS);
  }

  #touch(shared: SharedQuery): void {
    shared.isStale = true;
    this.#noteTouched(shared);
  }

  #noteTouched(shared: SharedQuery): void {
    this.#touched.add(shared);
    if (this.#touched.size === 1) this.#onTouched();
  }

  #keep(shared: SharedQuery, result: LiveResult): void {
    this.#drop(shared);
    shared.result = result;
    this.#kept.add(shared);
    this.#keptBytes += result.text.length;
    for (const oldest of this.#kept) {
      if (this.#keptBytes <= MAX_KEPT_BYTES) break;
      this.#drop(oldest);
    }
  }

  #drop(shared: SharedQuery): void {
    if (!this.#kept.delete(shared)) return;
    this.#keptBytes -= shared.result?.text.length ?? 0;
    shared.result = undefined;
  }
}

/** A query, and who asks it. */
export interface Asking {
  readonly query: { readonly request: AddQuery; readonly key: string };
  readonly speaker: Speaker;
}

/** One function with its arguments, for whoever asks. */
interface Family {
  /** By user; {@link EVERYBODY} has the result of a run that did not ask who is signed in. */
  readonly members: Map<string, SharedQuery>;
  asksIdentity: boolean;
}

/** What no identity's JSON is. */
const EVERYBODY = "";

/** A query that any number of clients watch, and its latest result. */
export class SharedQuery {
  readonly watchers = new Set<Watcher>();
  readonly subscription: Subscription;
  /** Absent when there is no room for it. */
  result: LiveResult | undefined;
  /** The result is that of every snapshot from the one to before the other, which may not be yet. */
  fromTs = -1n;
  untilTs: bigint | undefined;
  deployment: Deployment | undefined;
  /** Whether a commit or other code has touched the result. */
  isStale = true;
  madeAtMs = 0;
  asked: Readonly<Asked> = { identity: false, time: false };
  readonly #unwatched: () => void;
  /** Whether nobody watches it any more, which ends it. */
  #isGone = false;

  constructor(subscription: Subscription, unwatched: () => void) {
    this.subscription = subscription;
    this.#unwatched = unwatched;
  }

  /** Waits from now on, with a result that was right from `fromTs`. */
  join(watcher: Watcher, fromTs: bigint): void {
    if (!this.#isGone) this.watchers.add(watcher);
    if (this.#isGone || this.isStale || this.fromTs !== fromTs) {
      watcher.touched();
    }
  }

  /** Ends a wait; also for one who has not joined and does not want to. */
  leave(watcher: Watcher): void {
    this.watchers.delete(watcher);
    if (this.watchers.size > 0 || this.#isGone) return;
    this.#isGone = true;
    this.subscription.cancel();
    this.#unwatched();
  }
}

/**
 * What a query is the same by, apart from its user.
 * @param journal - of the run before, where the query reads a page
 */
export function keyOfQuery(
  { udfPath, args, componentPath, journal }: AddQuery,
  { caller }: Speaker,
): string {
  let key;
  try {
    key = JSON.stringify([
      caller.role === "admin",
      componentPath ?? "",
      udfPath,
      args,
      journal ?? null,
    ]);
  } catch (error) {
    // Arguments too deep for the stack: they are refused when the query is to run, for this client alone.
    if (!(error instanceof RangeError)) throw error;
    return randomUUID();
  }
  return key.length <= LONGEST_KEY
    ? key
    : createHash("sha256").update(key).digest("base64");
}

/** Longer keys are kept as digests. */
const LONGEST_KEY = 256;

const identities = new WeakMap<Speaker, string>();

function identityOf(speaker: Speaker): string {
  let identity = identities.get(speaker);
  if (identity === undefined) {
    identity = JSON.stringify(speaker.caller.identity);
    identities.set(speaker, identity);
  }
  return identity;
}

function ignore(): void {
  // Whoever began the run is told of its failure.
}
