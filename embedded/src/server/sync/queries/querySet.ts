import { createHash } from "node:crypto";
import type {
  AddQuery,
  QueryResult,
  QuerySetModification,
  StateModification,
} from "../messages.js";
import type { QueryRun } from "./queryRun.js";
import type {
  CommitWindow,
  Subscription,
  Subscriptions,
} from "./subscriptions.js";

/** A query that a client watches. */
export interface LiveQuery {
  /**
   * The query's request, with the journal of its latest run, so that the next page ends where this
   * one did.
   */
  readonly request: AddQuery;
}

interface Watched extends LiveQuery {
  request: AddQuery;
  /** Digest of the result that the client has. */
  digest: string | undefined;
  subscription: Subscription | undefined;
}

const MAX_QUERIES = 10_000;

/** The queries of one client, and which of them have to run again. */
export class QuerySet {
  readonly #subscriptions: Subscriptions;
  readonly #onStale: () => void;
  readonly #queries = new Map<number, Watched>();
  readonly #stale = new Set<Watched>();
  #removed: number[] = [];

  constructor(subscriptions: Subscriptions, onStale: () => void) {
    this.#subscriptions = subscriptions;
    this.#onStale = onStale;
  }

  /** Applies the modifications, or returns what is wrong with them. */
  modify(modifications: readonly QuerySetModification[]): string | undefined {
    for (const modification of modifications) {
      const { queryId } = modification;
      const existing = this.#queries.get(queryId);
      if (modification.type === "Remove") {
        if (existing === undefined) return `There is no query ${queryId}.`;
        this.#remove(queryId, existing);
      } else {
        if (existing !== undefined) return `Query ${queryId} is there already.`;
        this.#add(modification);
      }
    }
    return this.#queries.size > MAX_QUERIES
      ? `A client can watch at most ${MAX_QUERIES} queries.`
      : undefined;
  }

  /** Marks all queries as stale, after a change of code or caller. */
  invalidate(): void {
    for (const query of this.#queries.values()) this.#stale.add(query);
    this.#onStale();
  }

  /** Takes the stale queries to run; none is watched again until {@link settle}. */
  takeStale(): LiveQuery[] {
    const stale = [...this.#stale];
    this.#stale.clear();
    for (const query of stale) query.subscription?.cancel();
    return stale;
  }

  /** Ids removed since the last call. */
  takeRemoved(): number[] {
    const removed = this.#removed;
    this.#removed = [];
    return removed;
  }

  /**
   * Takes a result in, and watches for the commit that changes it.
   * @returns the message for the client; none if it has this result, or dropped the query
   */
  settle(
    query: LiveQuery,
    { result, reads }: QueryRun,
    since: CommitWindow,
  ): { modification: StateModification; characters: number } | undefined {
    const { queryId } = query.request;
    const watched = this.#queries.get(queryId);
    if (watched !== query) return undefined;
    watched.request = { ...watched.request, journal: result.journal };
    watched.subscription = this.#subscriptions.subscribe(reads, since, () => {
      this.#stale.add(watched);
      this.#onStale();
    });
    const { digest, characters } = digestOf(result);
    if (digest === watched.digest) return undefined;
    watched.digest = digest;
    return { modification: { ...result, queryId }, characters };
  }

  /** Stops watching. */
  close(): void {
    for (const query of this.#queries.values()) query.subscription?.cancel();
    this.#queries.clear();
    this.#stale.clear();
  }

  #add(request: AddQuery): void {
    const query = { request, digest: undefined, subscription: undefined };
    this.#queries.set(request.queryId, query);
    this.#stale.add(query);
  }

  #remove(queryId: number, query: Watched): void {
    query.subscription?.cancel();
    this.#queries.delete(queryId);
    this.#stale.delete(query);
    this.#removed.push(queryId);
  }
}

/** Digest of a result, kept in place of the result, which may be large. */
function digestOf(result: QueryResult): {
  digest: string;
  characters: number;
} {
  const compared =
    result.type === "QueryFailed"
      ? { ...result, errorMessage: withoutRequestId(result.errorMessage) }
      : result;
  const text = JSON.stringify(compared);
  return {
    digest: createHash("sha256").update(text).digest("base64"),
    characters: text.length,
  };
}

/** An error's text without its request id, which differs in every run. */
function withoutRequestId(message: string): string {
  return message.replace(/^\[Request ID: \w+\] /, "");
}
