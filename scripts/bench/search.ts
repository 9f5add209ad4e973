import { loadInTurns, median } from "./load.js";
import { report, type Figure } from "./report.js";
import type { MeasuredDeployment } from "./servers/deployment.js";
import { deployFolder } from "./servers/scratchApp.js";

const VECTORS = 100_000;
const DIMENSIONS = 1_536;
/** Vectors that one mutation inserts. */
const PAGE = 100;
const SEARCHES = 20;
const VECTORS_TEXT = VECTORS.toLocaleString("en-US");

/** Measures searches: of vectors, how long they take and hold up others, and how much memory they need. */
export async function benchSearch(): Promise<Figure[]> {
  const deployment = await deployFolder(
    "scripts/bench/servers/searchApp/convex",
  );
  const figures = [...(await benchVectors(deployment))];
  await deployment.stop();
  return figures;
}

async function benchVectors(deployment: MeasuredDeployment): Promise<Figure[]> {
  let pages = 0;
  const fillIndexed = () => {
    pages += 1;
    return fill(deployment, "embeddings");
  };
  const [bare = NaN, indexed = NaN] = await loadInTurns(
    { loops: 1, durationMs: 3_000, rounds: 3 },
    [() => fill(deployment, "bareEmbeddings"), fillIndexed],
  );
  while (pages < VECTORS / PAGE) await fillIndexed();
  await deployment.restart();
  const nothing = await timesOf(deployment, "searchNothing");
  const before = (await deployment.stats()).ownBytes;
  const [first = NaN] = await timesOf(deployment, "search", {}, 1);
  const held = (await deployment.stats()).ownBytes - before;
  deployment.forgetPeaks();
  const all = await timesOf(deployment, "search");
  const { heldUpMs } = await deployment.stats();
  const some = await timesOf(deployment, "search", { kind: "kind 7" });
  const numbers = (VECTORS * DIMENSIONS * 4) / 1e6;
  return [
    report(
      `vectors of ${DIMENSIONS} written, ${PAGE} a mutation`,
      indexed * PAGE,
      "vectors/s",
      {},
      { name: "without an index", value: bare * PAGE },
    ),
    report(
      `vector search of ${VECTORS_TEXT}`,
      median(all),
      "ms",
      {},
      { name: "a loop over as many numbers", value: bareLoop() },
      { name: "an action that does not search", value: median(nothing) },
    ),
    report(
      `vector search of the hundredth part of ${VECTORS_TEXT}`,
      median(some),
      "ms",
      {},
      { name: "of all", value: median(all) },
    ),
    report(
      `first vector search of ${VECTORS_TEXT} after a start`,
      first,
      "ms",
      {},
      { name: "a later one", value: median(all) },
    ),
    report(
      `memory of ${VECTORS_TEXT} vectors`,
      held / 1e6,
      "MB",
      {},
      { name: "their numbers as float32", value: numbers },
    ),
    report(
      "longest hold of the thread by vector searches",
      heldUpMs.max,
      "ms",
      {},
    ),
  ];
}

async function fill(
  deployment: MeasuredDeployment,
  table: "embeddings" | "bareEmbeddings",
): Promise<void> {
  await deployment.post("/api/mutation", {
    path: "embeddings:fill",
    args: [{ table, count: PAGE }],
  });
}

/** How long so many calls of an action take, in ms, one after the other. */
async function timesOf(
  deployment: MeasuredDeployment,
  name: "search" | "searchNothing",
  args: object = {},
  calls = SEARCHES,
): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < calls; n += 1) {
    const started = performance.now();
    await deployment.post("/api/action", {
      path: `embeddings:${name}`,
      args: [args],
    });
    times.push(performance.now() - started);
  }
  return times;
}

/** How long the plainest loop over as many numbers takes, in ms: a sum of products. */
function bareLoop(): number {
  const numbers = new Float32Array(VECTORS * DIMENSIONS).fill(0.5);
  const vector = new Float32Array(DIMENSIONS).fill(0.5);
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const started = performance.now();
    let sum = 0;
    for (let at = 0; at < numbers.length; at += DIMENSIONS) {
      for (let i = 0; i < DIMENSIONS; i += 1) {
        sum += vector[i]! * numbers[at + i]!;
      }
    }
    if (Number.isNaN(sum)) throw new Error("The sum is no number.");
    times.push(performance.now() - started);
  }
  return median(times);
}
