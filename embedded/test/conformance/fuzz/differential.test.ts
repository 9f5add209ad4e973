import { expect, test } from "vitest";
import { Random } from "../../support/random.js";
import { compare, show, type Disagreement } from "./compare.js";
import { generate } from "./programs/generate.js";
import { countOps, type Program } from "./programs/program.js";
import { fuzzSettings } from "./settings.js";
import { shrink } from "./programs/shrink.js";

const { isLong, replay, firstSeed } = fuzzSettings();
const OPERATIONS = isLong ? 100_000 : 5_000;

test("convex-test and the embedded engine agree on random programs", async () => {
  const started = performance.now();
  let operations = 0;
  let programs = 0;
  const ranges = { asked: 0, met: 0 };
  for (const seed of replay === undefined ? seedsFrom(firstSeed) : [replay]) {
    const program = generate(seed);
    const disagreement = await compare(program, ranges);
    if (disagreement !== undefined) {
      expect.fail(await report(program, disagreement));
    }
    programs += 1;
    operations += program.steps.reduce(
      (sum, { ops }) => sum + countOps(ops),
      0,
    );
    if (operations >= OPERATIONS) break;
  }
  const seconds = (performance.now() - started) / 1_000;
  console.log(
    `${operations} operations in ${programs} programs from seed ${firstSeed} agree (${seconds.toFixed(1)} s); ${ranges.met} of ${ranges.asked} ranges had documents.`,
  );
  // Engines that find nothing have agreed on little.
  if (replay === undefined)
    expect(ranges.met / ranges.asked).toBeGreaterThan(0.3);
}, 900_000);

function* seedsFrom(first: number): Generator<number> {
  const random = new Random(first);
  for (;;) yield random.below(2 ** 31);
}

async function report(
  program: Program,
  disagreement: Disagreement,
): Promise<string> {
  const { program: small, text } = await shrink(program, disagreement);
  return [
    `Replay with FUZZ_SEED=${program.seed} npm run test:fuzz -- differential. What it takes:`,
    show(small.schema.tables.map(({ name, indexes }) => ({ name, indexes }))),
    ...small.steps.map(show),
    text,
  ].join("\n");
}
