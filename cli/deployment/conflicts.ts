/** Conflicts of mutations, which an embedded deployment tells, and Convex does not. */
export const CONFLICTS_PATH = "/api/embedded/conflicts";

/** The deployment's answer. */
export interface Conflicts {
  /** When it began to count, in ms since the epoch. */
  since: number;
  count: number;
  outOfTries: number;
  /** The greatest counts first. */
  pairs: Array<{
    loser: string;
    winner: string;
    table: string;
    count: number;
    outOfTries: number;
  }>;
  morePairs: number;
}

/** Reads an answer. @returns `null` for one that is not about conflicts, as another server at the address may give */
export function readConflicts(answer: unknown): Conflicts | null {
  const read = Object(answer) as Partial<Conflicts>;
  const isWhole =
    [read.since, read.count, read.outOfTries, read.morePairs].every(
      (each) => typeof each === "number",
    ) && Array.isArray(read.pairs);
  return isWhole ? (read as Conflicts) : null;
}
