/** Pairs of calls that begin on one snapshot: how often the one that commits last has to run again. */
import {
  conflictsOf,
  type Footprint,
} from "../../embedded/test/conformance/adapter/footprint.js";
import type { Random } from "../../embedded/test/support/random.js";
import { type Call, VISITORS } from "./calls.js";

export interface Contention {
  /** The call that has to run again. */
  loser: string;
  /** The call that has committed meanwhile. */
  winner: string;
  perThousand: number;
  /** The tables over which they conflict. */
  tables: string[];
}

/** A call's footprints, `rounds` for each visitor. */
export async function observeAll(
  calls: readonly Call[],
  rounds: number,
): Promise<Map<string, Footprint[][]>> {
  const observed = new Map<string, Footprint[][]>();
  for (const { name, observe } of calls) {
    const ofVisitors: Footprint[][] = [];
    for (let visitor = 0; visitor < VISITORS; visitor += 1) {
      const ofVisitor: Footprint[] = [];
      for (let round = 0; round < rounds; round += 1) {
        ofVisitor.push(await observe(visitor));
      }
      ofVisitors.push(ofVisitor);
    }
    observed.set(name, ofVisitors);
  }
  return observed;
}

/** Of `pairs` pairs of two visitors' calls, those in which one has to run again. */
export function contention(
  observed: Map<string, Footprint[][]>,
  loser: string,
  winner: string,
  { random, pairs = 1_000 }: { random: Random; pairs?: number },
): Contention {
  const tables = new Set<string>();
  let conflicts = 0;
  const draw = (name: string, visitor: number): Footprint =>
    random.pick(observed.get(name)?.[visitor] ?? []);
  for (let pair = 0; pair < pairs; pair += 1) {
    const visitor = random.below(VISITORS);
    const other = (visitor + 1 + random.below(VISITORS - 1)) % VISITORS;
    const over = conflictsOf(draw(loser, visitor), draw(winner, other));
    if (over.size > 0) conflicts += 1;
    for (const table of over) tables.add(table);
  }
  const perThousand = Math.round((conflicts / pairs) * 1_000);
  return { loser, winner, perThousand, tables: [...tables].sort() };
}
