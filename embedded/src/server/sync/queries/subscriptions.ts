import type { Database } from "../../../database/database.js";
import { headOf } from "../../../database/records/keyspace.js";
import type { CommitWrites, KeyInterval } from "../../../database/types.js";
import type { Key } from "../../../storage/store.js";
import { IntervalTree } from "./intervalTree.js";

/** The commits since a snapshot was taken, kept while queries run on it. */
export interface CommitWindow {
  readonly commits: readonly CommitWrites[];
  close(): void;
}

/** One query's wait for a commit that touches what it read. */
export interface Subscription {
  cancel(): void;
}

interface Waiting {
  readonly reads: ReadonlyMap<Key, readonly KeyInterval[]>;
  readonly onTouched: () => void;
}

/**
 * Subscriptions by the keys that were read, so that a commit finds the queries it touches without
 * asking the others: for each table and index, a tree of the intervals that were read.
 */
export class Subscriptions {
  readonly #trees = new Map<Key, IntervalTree<Waiting>>();
  readonly #windows = new Set<CommitWrites[]>();
  readonly #stopListening: () => void;

  constructor(database: Pick<Database, "onCommit">) {
    this.#stopListening = database.onCommit(({ writes }) =>
      this.#onCommit(writes),
    );
  }

  /** Begins to keep commits; to be called in the moment the snapshot is taken. */
  openWindow(): CommitWindow {
    const commits: CommitWrites[] = [];
    this.#windows.add(commits);
    return { commits, close: () => this.#windows.delete(commits) };
  }

  /**
   * Calls `onTouched` once, at the first commit that touches `reads`; at once if that commit came
   * between the snapshot that was read and now.
   */
  subscribe(
    reads: Iterable<KeyInterval>,
    since: CommitWindow,
    onTouched: () => void,
  ): Subscription {
    const waiting: Waiting = { reads: byHead(reads), onTouched };
    if (since.commits.some((commit) => isTouchedBy(waiting.reads, commit))) {
      onTouched();
      return { cancel: () => undefined };
    }
    for (const [head, intervals] of waiting.reads) {
      const tree = this.#treeOf(head);
      for (const { lower, upper } of intervals) tree.add(lower, upper, waiting);
    }
    return { cancel: () => this.#remove(waiting) };
  }

  close(): void {
    this.#stopListening();
  }

  #onCommit(commit: CommitWrites): void {
    for (const commits of this.#windows) commits.push(commit);
    if (this.#trees.size === 0) return;
    const touched = new Set<Waiting>();
    const isWatched = (head: Key) => this.#trees.has(head);
    for (const { lower, upper } of commit.touched(isWatched)) {
      this.#trees
        .get(headOf(lower))
        ?.visit(lower, upper, (waiting) => touched.add(waiting));
    }
    for (const waiting of touched) {
      this.#remove(waiting);
      waiting.onTouched();
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

  #remove(waiting: Waiting): void {
    for (const [head, intervals] of waiting.reads) {
      const tree = this.#trees.get(head);
      for (const { lower, upper } of intervals) {
        tree?.delete(lower, upper, waiting);
      }
      if (tree?.isEmpty === true) this.#trees.delete(head);
    }
  }
}

/** Intervals by their table or index; none reaches from one into the next. */
function byHead(reads: Iterable<KeyInterval>): Map<Key, KeyInterval[]> {
  const heads = new Map<Key, KeyInterval[]>();
  for (const interval of reads) {
    // An empty interval holds no key that a commit could touch.
    if (interval.lower >= interval.upper) continue;
    const head = headOf(interval.lower);
    const intervals = heads.get(head);
    if (intervals === undefined) heads.set(head, [interval]);
    else intervals.push(interval);
  }
  return heads;
}

function isTouchedBy(reads: Waiting["reads"], commit: CommitWrites): boolean {
  for (const touched of commit.touched((head) => reads.has(head))) {
    const intervals = reads.get(headOf(touched.lower)) ?? [];
    if (
      intervals.some(
        ({ lower, upper }) => lower < touched.upper && touched.lower < upper,
      )
    ) {
      return true;
    }
  }
  return false;
}
