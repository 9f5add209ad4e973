import type { MutationReads } from "../transactions/engineReads.js";
import { findConflict, TOO_OLD, type Conflict } from "./conflict.js";
import { RecentCommit, type CommitRecord } from "./recentCommit.js";

/**
 * Length of keys and values that are kept for mutations under way. One that outlasts more runs
 * again.
 */
const MAX_CHARACTERS = 32 * 1_024 * 1_024;

/** A mutation under way, by the snapshot it runs on. */
export interface UnderWay {
  readonly ts: bigint;
}

/** The commits that mutations under way have to be compared with, and none besides. */
export class RecentCommits {
  /** In the order of their snapshots. */
  readonly #underWay = new Set<UnderWay>();
  #commits: RecentCommit[] = [];
  #characters = 0;
  /** The latest commit that is gone although a mutation under way began before it. */
  #lostTs = -1n;

  /** Notes a mutation that begins on the latest snapshot. */
  begin(ts: bigint): UnderWay {
    const mutation = { ts };
    this.#underWay.add(mutation);
    return mutation;
  }

  /** Forgets a mutation; safe to call again. */
  end(mutation: UnderWay): void {
    if (!this.#underWay.delete(mutation)) return;
    const [oldest] = this.#underWay;
    if (oldest === undefined) {
      this.#commits = [];
      this.#characters = 0;
      return;
    }
    this.#drop(this.#countUpTo(oldest.ts));
  }

  add(record: CommitRecord): void {
    if (this.#underWay.size === 0) return;
    const commit = new RecentCommit(record);
    this.#commits.push(commit);
    this.#characters += commit.characters;
    let surplus = 0;
    for (
      let left = this.#characters;
      left > MAX_CHARACTERS;
      left -= this.#commits[surplus]!.characters, surplus += 1
    ) {
      this.#lostTs = this.#commits[surplus]!.ts;
    }
    this.#drop(surplus);
  }

  /** Whether something that was read on the snapshot of a mutation changed since. */
  conflictOf({ ts }: UnderWay, reads: MutationReads): Conflict | undefined {
    if (ts < this.#lostTs) return TOO_OLD;
    return findConflict(reads, this.#commits.slice(this.#countUpTo(ts)));
  }

  /** Number of kept commits up to a time. */
  #countUpTo(ts: bigint): number {
    let start = 0;
    let end = this.#commits.length;
    while (start < end) {
      const middle = (start + end) >>> 1;
      if (this.#commits[middle]!.ts <= ts) start = middle + 1;
      else end = middle;
    }
    return start;
  }

  #drop(count: number): void {
    if (count === 0) return;
    for (const { characters } of this.#commits.splice(0, count)) {
      this.#characters -= characters;
    }
  }
}
