/** The bounds that an operator sets on a run, as `--max`, `--rate` and `--in-window` name them. */
export interface BoundsOptions {
  /** The most sessions in all. */
  readonly max?: number;
  /** The most sessions a second. */
  readonly rate?: number;
  /** Only in the window of its schedule. */
  readonly inWindow?: boolean;
}

export function runBounds({ max, rate, inWindow }: BoundsOptions): {
  maxSessions?: number;
  ratePerSecond?: number;
  inWindow?: boolean;
} {
  return {
    ...(max === undefined ? {} : { maxSessions: max }),
    ...(rate === undefined ? {} : { ratePerSecond: rate }),
    ...(inWindow === undefined ? {} : { inWindow }),
  };
}
