import type { Speaker } from "../calls.js";
import type { AddQuery, QuerySetModification } from "../messages.js";
import type { LiveResult } from "./queryRun.js";
import {
  keyOfQuery,
  type Asking,
  type Held,
  type SharedQuery,
  type Watcher,
} from "./sharedQueries.js";

/** A query that a client watches. */
export interface LiveQuery {
  /**
   * The query's request, with the journal of its latest run, so that the next page ends where this
   * one did.
   */
  readonly request: AddQuery;
}

/** What a client has not been shown yet. */
export interface Changes {
  /** Queries to run. */
  readonly stale: readonly LiveQuery[];
  /** Ids of the queries that it has dropped. */
  readonly removed: readonly number[];
}

interface Watched extends LiveQuery, Watcher {
  request: AddQuery;
  /** What it is shared by; found when it is first run for a user, or with another journal. */
  key: string | undefined;
  /** Digest of the result that the client has. */
  digest: string | undefined;
  shared: SharedQuery | undefined;
}

const MAX_QUERIES = 10_000;

/** The queries of one client, and which of them have to run again. */
export class QuerySet {
  readonly #onStale: () => void;
  readonly #queries = new Map<number, Watched>();
  readonly #stale = new Set<Watched>();
  #removed: number[] = [];

  constructor(onStale: () => void) {
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

  /** Marks all queries as stale, after a change of the user. */
  invalidate(): void {
    for (const query of this.#queries.values()) {
      query.key = undefined;
      this.#stale.add(query);
    }
    this.#onStale();
  }

  /** Takes what the client is to be shown. */
  takeChanges(): Changes {
    const changes = { stale: [...this.#stale], removed: this.#removed };
    this.#stale.clear();
    this.#removed = [];
    return changes;
  }

  /** Gives changes back that were not shown after all. */
  giveBack({ stale, removed }: Changes): void {
    for (const query of stale) {
      const watched = this.#watched(query);
      if (watched !== undefined) this.#stale.add(watched);
    }
    this.#removed = [...removed, ...this.#removed];
  }

  /** What to ask for a query as a user; undefined when the client has dropped it. */
  asking(query: LiveQuery, speaker: Speaker): Asking | undefined {
    const watched = this.#watched(query);
    if (watched === undefined) return undefined;
    const { request } = watched;
    watched.key ??= keyOfQuery(request, speaker);
    return { query: { request, key: watched.key }, speaker };
  }

  /**
   * Takes a result in, and watches for the commit that changes it.
   * @returns the result for the client; none if it has this one, or dropped the query
   */
  settle(
    query: LiveQuery,
    { result, shared, fromTs }: Held,
  ): { queryId: number; result: LiveResult } | undefined {
    const watched = this.#watched(query);
    if (watched === undefined) {
      shared.leave(NOBODY);
      return undefined;
    }
    if (watched.shared !== shared) watched.shared?.leave(watched);
    watched.shared = shared;
    shared.join(watched, fromTs);
    const { journal, digest } = result;
    if ((watched.request.journal ?? null) !== journal) {
      watched.request = { ...watched.request, journal };
      watched.key = undefined;
    }
    if (digest === watched.digest) return undefined;
    watched.digest = digest;
    return { queryId: watched.request.queryId, result };
  }

  /** Stops watching. */
  close(): void {
    for (const query of this.#queries.values()) query.shared?.leave(query);
    this.#queries.clear();
    this.#stale.clear();
  }

  #watched(query: LiveQuery): Watched | undefined {
    const watched = this.#queries.get(query.request.queryId);
    return watched === query ? watched : undefined;
  }

  #add(request: AddQuery): void {
    const query: Watched = {
      request,
      key: undefined,
      digest: undefined,
      shared: undefined,
      touched: () => {
        this.#stale.add(query);
        this.#onStale();
      },
    };
    this.#queries.set(request.queryId, query);
    this.#stale.add(query);
  }

  #remove(queryId: number, query: Watched): void {
    query.shared?.leave(query);
    this.#queries.delete(queryId);
    this.#stale.delete(query);
    this.#removed.push(queryId);
  }
}

const NOBODY: Watcher = {
  touched: () => {
    // It waits for nothing.
  },
};
