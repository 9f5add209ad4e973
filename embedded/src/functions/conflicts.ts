/**
 * How often a mutation read what another changed before it could commit. Functions are named as on
 * Convex: `messages:send`, in a component `component/messages:send`; a table of a component
 * `component/table`. The engine's own writes, such as a push, are `_system`.
 */
export interface ConflictCount {
  /** The function that ran again. */
  readonly loser: string;
  /** The function whose commit it met. */
  readonly winner: string;
  /** The table that both were at. */
  readonly table: string;
  /** How often. */
  readonly count: number;
  /** How often it had lost as many tries in a row as Convex makes, where Convex gives up. */
  readonly outOfTries: number;
}

/** What is told of conflicts, to whoever has the admin key. */
export interface ConflictSummary {
  /** When counting began, in ms since the epoch. */
  readonly since: number;
  /** Tries that lost, in all; likewise below. */
  readonly count: number;
  readonly outOfTries: number;
  /** The pairs with the greatest counts. */
  readonly pairs: readonly ConflictCount[];
  /** How many pairs are left out. */
  readonly morePairs: number;
}

/** One conflict, to be counted. */
export interface CountedConflict {
  readonly loser: string;
  readonly winner: string;
  readonly table: string;
  readonly isOutOfTries: boolean;
}

/** Rows kept apart; what comes after them is counted together. */
const MAX_ROWS = 1_000;
const OTHERS = "(others)";

type Row = { -readonly [K in keyof ConflictCount]: ConflictCount[K] };

/** Counts conflicts by who lost to whom over which table. */
export class ConflictCounts {
  readonly #rows = new Map<string, Row>();

  add({ loser, winner, table, isOutOfTries }: CountedConflict): void {
    const row = this.#row(loser, winner, table);
    row.count += 1;
    if (isOutOfTries) row.outOfTries += 1;
  }

  /** The counts at this moment, the greatest first. */
  read(): readonly ConflictCount[] {
    return [...this.#rows.values()]
      .map((row) => ({ ...row }))
      .sort((a, b) => b.count - a.count);
  }

  /** The counts at this moment, with so many pairs at most. */
  summary(since: number, limit: number): ConflictSummary {
    const rows = this.read();
    const sum = (of: (row: ConflictCount) => number) =>
      rows.reduce((total, row) => total + of(row), 0);
    return {
      since,
      count: sum((row) => row.count),
      outOfTries: sum((row) => row.outOfTries),
      pairs: rows.slice(0, limit),
      morePairs: Math.max(0, rows.length - limit),
    };
  }

  #row(loser: string, winner: string, table: string): Row {
    const name = `${loser}\0${winner}\0${table}`;
    const found = this.#rows.get(name);
    if (found !== undefined) return found;
    if (this.#rows.size >= MAX_ROWS && loser !== OTHERS) {
      return this.#row(OTHERS, OTHERS, OTHERS);
    }
    const row = { loser, winner, table, count: 0, outOfTries: 0 };
    this.#rows.set(name, row);
    return row;
  }
}
