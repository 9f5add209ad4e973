/** The result of a stretch of load. */
export interface Load {
  calls: number;
  perSecond: number;
}

/** Makes `call` from so many loops at once, each waiting for its answer. @param durationMs for how long */
export async function load(
  { loops, durationMs }: { loops: number; durationMs: number },
  call: (n: number) => Promise<unknown>,
): Promise<Load> {
  const start = performance.now();
  let calls = 0;
  const loop = async () => {
    while (performance.now() - start < durationMs) {
      calls += 1;
      await call(calls);
    }
  };
  await Promise.all(Array.from({ length: loops }, loop));
  const seconds = (performance.now() - start) / 1_000;
  return { calls, perSecond: calls / seconds };
}

/** Runs the loads in turns, so that all meet the same machine. @returns the median rate of each */
export async function loadInTurns(
  options: { loops: number; durationMs: number; rounds: number },
  calls: readonly ((n: number) => Promise<unknown>)[],
): Promise<number[]> {
  const rates: number[][] = calls.map(() => []);
  for (let round = 0; round < options.rounds; round += 1) {
    for (const [i, call] of calls.entries()) {
      rates[i]?.push((await load(options, call)).perSecond);
    }
  }
  return rates.map(median);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** The value that so large a share of the values does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? NaN;
}
