/**
 * What code that only declares something may not do while it is evaluated: each with the text of
 * the error that it meets.
 */
export interface Restrictions {
  /** Reads of `Date`. @default the time of the push */
  readonly time?: string;
  /** `Math.random()` and `crypto`. @default allowed */
  readonly randomness?: string;
  /** Reads of an environment variable; undefined where it is allowed. @default all are allowed */
  environment?(name: string): string | undefined;
}
