/** What an operator bounds a run by, as `--max` and `--rate` name it. */
export interface BudgetOptions {
  /** Sessions in all. */
  readonly max?: number;
  /** Sessions a second. */
  readonly rate?: number;
}

export function runBudget({ max, rate }: BudgetOptions): {
  maxSessions?: number;
  ratePerSecond?: number;
} {
  return {
    ...(max === undefined ? {} : { maxSessions: max }),
    ...(rate === undefined ? {} : { ratePerSecond: rate }),
  };
}
