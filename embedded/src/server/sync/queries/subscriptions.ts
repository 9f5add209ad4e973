import type { Database } from "../../../database/database.js";
import { headOf } from "../../../database/records/keyspace.js";
import type { CommitWrites, KeyInterval } from "../../../database/types.js";
import type { Key } from "../../../storage/store.js";
import { IntervalTree } from "./intervalTree.js";
import {
  RecentCommits,
  type CommitWindow,
  type Reads,
} from "./recentCommits.js";

/** One query's wait for a commit that touches what it read. */
export interface Subscription {
  /**
   * Waits for a commit that touches `reads`, and no longer for one that touches what was read
   * before.
   *
   * @param since - opened when the snapshot was taken that was read
   * @returns whether a commit came between that snapshot and now, of which nobody is told, and
   *   whether the intervals are others than before
   */
  renew(
    reads: Iterable<KeyInterval>,
    since: CommitWindow,
  ): { isTouched: boolean; isOther: boolean };
  cancel(): void;
}

interface Waiting {
  reads: Reads;
  /** Whether it was told of a commit since it was renewed. */
  isTouched: boolean;
  readonly onTouched: (ts: bigint) => void;
}

const NOTHING: Reads = new Map();

/**
 * Subscriptions by the keys that were read, so that a commit finds the queries it touches without
 * asking the others: for each table and index, a tree of the intervals that were read. A query stays
 * in the trees when it is touched, as it most likely reads the same when it runs again.
 */
export class Subscriptions {
  readonly #trees = new Map<Key, IntervalTree<Waiting>>();
  readonly #recent = new RecentCommits();
  readonly #stopListening: () => void;

  constructor(database: Pick<Database, "onCommit">) {
    this.#stopListening = database.onCommit(({ ts, writes }) =>
      this.#onCommit(ts, writes),
    );
  }

  /** Begins to keep commits; to be called in the moment the snapshot is taken. */
  openWindow(): CommitWindow {
    return this.#recent.open();
  }

  /**
   * A wait for nothing yet.
   * @param onTouched - called inside of the commit, with its timestamp, once each time the
   *   subscription was renewed; must not do more than note it
   */
  subscribe(onTouched: (ts: bigint) => void): Subscription {
    const waiting: Waiting = { reads: NOTHING, isTouched: false, onTouched };
    return {
      renew: (reads, since) => this.#renew(waiting, byHead(reads), since),
      cancel: () => this.#replace(waiting, NOTHING),
    };
  }

  close(): void {
    this.#stopListening();
  }

  #renew(waiting: Waiting, reads: Reads, since: CommitWindow) {
    const isOther = !isSame(waiting.reads, reads);
    if (isOther) this.#replace(waiting, reads);
    waiting.isTouched = this.#recent.hasTouched(reads, since);
    return { isTouched: waiting.isTouched, isOther };
  }

  #onCommit(ts: bigint, commit: CommitWrites): void {
    this.#recent.add(commit);
    if (this.#trees.size === 0) return;
    const touch = (waiting: Waiting) => {
      if (waiting.isTouched) return;
      waiting.isTouched = true;
      waiting.onTouched(ts);
    };
    const isWatched = (head: Key) => this.#trees.has(head);
    for (const { lower, upper } of commit.touched(isWatched)) {
      this.#trees.get(headOf(lower))?.visit(lower, upper, touch);
    }
  }

  #replace(waiting: Waiting, reads: Reads): void {
    for (const [head, intervals] of waiting.reads) {
      const tree = this.#trees.get(head);
      for (const { lower, upper } of intervals) {
        tree?.delete(lower, upper, waiting);
      }
      if (tree?.isEmpty === true) this.#trees.delete(head);
    }
    waiting.reads = reads;
    for (const [head, intervals] of reads) {
      const tree = this.#treeOf(head);
      for (const { lower, upper } of intervals) tree.add(lower, upper, waiting);
    }
  }

  #treeOf(head: Key): IntervalTree<Waiting> {
    let tree = this.#trees.get(head);
    if (tree === undefined) {
      tree = new IntervalTree();
      this.#trees.set(head, tree);
    }
    return tree;
  }
}

/** Intervals by their table or index; none reaches from one into the next. */
function byHead(reads: Iterable<KeyInterval>): Reads {
  const heads = new Map<Key, KeyInterval[]>();
  for (const { lower, upper } of reads) {
    // An empty interval holds no key that a commit could touch.
    if (lower >= upper) continue;
    const head = headOf(lower);
    const intervals = heads.get(head);
    if (intervals === undefined) heads.set(head, [{ lower, upper }]);
    else intervals.push({ lower, upper });
  }
  return heads;
}

function isSame(before: Reads, after: Reads): boolean {
  if (before.size !== after.size) return false;
  for (const [head, intervals] of after) {
    const others = before.get(head);
    if (
      others?.length !== intervals.length ||
      intervals.some(
        ({ lower, upper }, n) =>
          others[n]?.lower !== lower || others[n].upper !== upper,
      )
    ) {
      return false;
    }
  }
  return true;
}
