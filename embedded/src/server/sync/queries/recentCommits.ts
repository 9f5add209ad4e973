import { headOf } from "../../../database/records/keyspace.js";
import type { CommitWrites, KeyInterval } from "../../../database/types.js";
import type { Key } from "../../../storage/store.js";
import { IntervalTree } from "./intervalTree.js";

/** Intervals by their table or index. */
export type Reads = ReadonlyMap<Key, readonly KeyInterval[]>;

/** The commits since a snapshot was taken, kept while queries run on it. */
export interface CommitWindow {
  /** Number of the first commit that the snapshot does not show. */
  readonly from: number;
  close(): void;
}

/** Limits of one segment, which is dropped as a whole. */
const SEGMENT_COMMITS = 256;
const SEGMENT_CHARACTERS = 2 * 1_024 * 1_024;

/** Length of keys and values that are kept; of what a window had besides, anything may be touched. */
const MAX_CHARACTERS = 32 * 1_024 * 1_024;

/**
 * The latest commits by the keys that they touched, as long as a window is open: whether a query's
 * reads were touched since its snapshot takes the same time however many commits there were. What a
 * commit touched is found out when it is first asked for, not inside of the commit.
 */
export class RecentCommits {
  readonly #windows = new Set<CommitWindow>();
  readonly #segments: Segment[] = [];
  #characters = 0;
  #next = 0;
  /** Number of the first commit that is kept for the windows. */
  #firstKept = 0;

  /** Begins to keep commits; to be called in the moment the snapshot is taken. */
  open(): CommitWindow {
    const window: CommitWindow = {
      from: this.#next,
      close: () => {
        this.#windows.delete(window);
        this.#dropOld();
      },
    };
    this.#windows.add(window);
    return window;
  }

  add(commit: CommitWrites): void {
    const number = this.#next;
    this.#next += 1;
    if (this.#windows.size === 0) return;
    let segment = this.#segments.at(-1);
    if (segment === undefined || segment.isFull) {
      segment = new Segment(number);
      this.#segments.push(segment);
    }
    const { characters } = commit;
    segment.add(commit, characters);
    this.#characters += characters;
    this.#dropWhile(() => this.#characters > MAX_CHARACTERS);
  }

  /** Whether a commit of the window touched one of the intervals, or may have. */
  hasTouched(reads: Reads, { from }: CommitWindow): boolean {
    if (from < this.#firstKept) return reads.size > 0;
    return this.#segments.some(
      (segment) => segment.end > from && segment.hasTouched(reads, from),
    );
  }

  #dropOld(): void {
    // Windows are in the order in which they were opened.
    const [oldest] = this.#windows;
    this.#dropWhile(({ end }) => oldest === undefined || end <= oldest.from);
  }

  #dropWhile(isSurplus: (first: Segment) => boolean): void {
    let [first] = this.#segments;
    while (first !== undefined && isSurplus(first)) {
      this.#segments.shift();
      this.#characters -= first.characters;
      this.#firstKept = first.end;
      [first] = this.#segments;
    }
  }
}

/** A stretch of commits, and what is known of the keys that they touched. */
class Segment {
  readonly #start: number;
  readonly #commits: CommitWrites[] = [];
  #characters = 0;
  readonly #touched = new Map<
    Key,
    { known: number; tree: IntervalTree<number> }
  >();

  constructor(start: number) {
    this.#start = start;
  }

  /** Length of the commits' keys and values. */
  get characters(): number {
    return this.#characters;
  }

  get isFull(): boolean {
    return (
      this.#commits.length >= SEGMENT_COMMITS ||
      this.#characters >= SEGMENT_CHARACTERS
    );
  }

  /** Number of the first commit after it. */
  get end(): number {
    return this.#start + this.#commits.length;
  }

  add(commit: CommitWrites, characters: number): void {
    this.#commits.push(commit);
    this.#characters += characters;
  }

  hasTouched(reads: Reads, from: number): boolean {
    for (const [head, intervals] of reads) {
      const tree = this.#touchedUnder(head);
      for (const { lower, upper } of intervals) {
        let isTouched = false;
        tree.visit(lower, upper, (number) => {
          if (number >= from) isTouched = true;
        });
        if (isTouched) return true;
      }
    }
    return false;
  }

  /** Numbers of the commits by the keys that they touched in one table or index. */
  #touchedUnder(head: Key): IntervalTree<number> {
    let touched = this.#touched.get(head);
    if (touched === undefined) {
      touched = { known: 0, tree: new IntervalTree() };
      this.#touched.set(head, touched);
    }
    const { tree } = touched;
    for (; touched.known < this.#commits.length; touched.known += 1) {
      const commit = this.#commits[touched.known];
      const isWatched = (other: Key) => other === head;
      for (const { lower, upper } of commit?.touched(isWatched) ?? []) {
        if (headOf(lower) !== head) continue;
        tree.add(lower, upper, this.#start + touched.known);
      }
    }
    return tree;
  }
}
