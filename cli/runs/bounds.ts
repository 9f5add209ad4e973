/** The bounds that an operator sets on a run, as `--max` and `--rate` name them. */
export interface BoundsOptions {
  /** The most sessions in all. */
  readonly max?: number;
  /** The most sessions a second. */
  readonly rate?: number;
}

export function runBounds({ max, rate }: BoundsOptions): {
  maxSessions?: number;
  ratePerSecond?: number;
} {
  return {
    ...(max === undefined ? {} : { maxSessions: max }),
    ...(rate === undefined ? {} : { ratePerSecond: rate }),
  };
}
