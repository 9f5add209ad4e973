/** Settings of a randomised test. */
export interface FuzzSettings {
  readonly isLong: boolean;
  /** Seed of the one case to repeat, from `FUZZ_SEED`. */
  readonly replay: number | undefined;
  /** Seed of the first case: always the same in `npm test`, a new one in `npm run test:fuzz`. */
  readonly firstSeed: number;
}

export function fuzzSettings(): FuzzSettings {
  const { FUZZ, FUZZ_SEED } = process.env;
  const isLong = FUZZ === "long";
  return {
    isLong,
    replay: FUZZ_SEED === undefined ? undefined : Number(FUZZ_SEED),
    firstSeed: isLong ? Date.now() % 1_000_000_000 : 1,
  };
}
