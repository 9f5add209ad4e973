import { loadInTurns, median } from "./load.js";
import { report, type Figure } from "./report.js";
import type { MeasuredDeployment } from "./servers/deployment.js";
import { HttpCaller } from "./servers/httpCaller.js";
import { deployFolder } from "./servers/scratchApp.js";

const VECTORS = 100_000;
const DIMENSIONS = 1_536;
/** Vectors that one mutation inserts. */
const PAGE = 100;
const SEARCHES = 20;
const VECTORS_TEXT = VECTORS.toLocaleString("en-US");
const MESSAGES = 100_000;
/** Messages that one mutation inserts. */
const MESSAGES_PAGE = 100;
const MESSAGES_TEXT = MESSAGES.toLocaleString("en-US");
const channel = "channel 7";
/** What is searched, and how often at least for each time that ten documents of an index are read. */
const SEARCHED = [
  { name: "for a rare word", args: { text: "word9000 " }, ofList: 0.4 },
  {
    name: "for the most frequent word",
    // The last word stands for all that begin with it, and nothing begins with this one.
    args: { text: "word1 nothing" },
    ofList: 0.1,
  },
  {
    name: "for 64 words, most of them frequent, by their beginning",
    args: { text: "word1" },
    ofList: 0.001,
  },
  {
    name: "for three words, the last by its beginning",
    args: { text: "word5 word77 word900" },
    ofList: 0.008,
  },
  {
    name: "for the same in a hundredth part",
    args: { text: "word5 word77 word900", channel },
    ofList: 0.003,
  },
];
const FILLS = { loops: 1, durationMs: 3_000, rounds: 3 };
const LOOPS = 16;

/** Measures searches of text and of vectors, and what is written for them. */
export async function benchSearch(): Promise<Figure[]> {
  const deployment = await deployFolder(
    "scripts/bench/servers/searchApp/convex",
  );
  const figures = [
    ...(await benchText(deployment)),
    ...(await benchVectors(deployment)),
  ];
  await deployment.stop();
  return figures;
}

async function benchText(deployment: MeasuredDeployment): Promise<Figure[]> {
  const filled = await fillInTurns(
    (table) => fill(deployment, "messages", table, MESSAGES_PAGE),
    ["bareMessages", "messages"],
    MESSAGES / MESSAGES_PAGE,
  );
  const http = new HttpCaller(() => deployment.url);
  const search = (args: object) => (n: number) =>
    http.call("query", "messages:search", { ...args, n });
  const list = (n: number) =>
    http.call("query", "messages:list", { channel, n });
  const turns = [list, ...SEARCHED.map(({ args }) => search(args))];
  await loadInTurns({ loops: LOOPS, durationMs: 1_000, rounds: 1 }, turns);
  const [listed = NaN, ...rates] = await loadInTurns(
    { loops: LOOPS, durationMs: 1_500, rounds: 5 },
    turns,
  );
  http.close();
  return [
    report(
      `messages of 40 words written, ${MESSAGES_PAGE} a mutation`,
      filled.indexed * MESSAGES_PAGE,
      "messages/s",
      { atLeast: 0.1 * filled.bare * MESSAGES_PAGE },
      { name: "without an index", value: filled.bare * MESSAGES_PAGE },
    ),
    ...SEARCHED.map(({ name, ofList }, n) =>
      report(
        `text search of ${MESSAGES_TEXT} ${name}`,
        rates[n] ?? NaN,
        "searches/s",
        { atLeast: ofList * listed },
        { name: "ten documents of an index", value: listed },
      ),
    ),
  ];
}

async function benchVectors(deployment: MeasuredDeployment): Promise<Figure[]> {
  const filled = await fillInTurns(
    (table) => fill(deployment, "embeddings", table, PAGE),
    ["bareEmbeddings", "embeddings"],
    VECTORS / PAGE,
  );
  await deployment.restart();
  const nothing = await timesOf(deployment, "searchNothing");
  const before = (await deployment.stats()).ownBytes;
  const [first = NaN] = await timesOf(deployment, "search", {}, 1);
  const held = (await deployment.stats()).ownBytes - before;
  deployment.forgetPeaks();
  const all = await timesOf(deployment, "search");
  const { heldUpMs } = await deployment.stats();
  const some = await timesOf(deployment, "search", { kind: "kind 7" });
  const loop = bareLoop();
  const searched = median(all);
  const numbers = (VECTORS * DIMENSIONS * 4) / 1e6;
  return [
    report(
      `vectors of ${DIMENSIONS} written, ${PAGE} a mutation`,
      filled.indexed * PAGE,
      "vectors/s",
      { atLeast: 0.5 * filled.bare * PAGE },
      { name: "without an index", value: filled.bare * PAGE },
    ),
    report(
      `vector search of ${VECTORS_TEXT}`,
      searched,
      "ms",
      { atMost: 1.5 * loop },
      { name: "a loop over as many numbers", value: loop },
      { name: "an action that does not search", value: median(nothing) },
    ),
    report(
      `vector search of the hundredth part of ${VECTORS_TEXT}`,
      median(some),
      "ms",
      { atMost: 0.4 * searched },
      { name: "of all", value: searched },
    ),
    report(
      `first vector search of ${VECTORS_TEXT} after a start`,
      first,
      "ms",
      { atMost: 35 * searched },
      { name: "a later one", value: searched },
    ),
    report(
      `memory of ${VECTORS_TEXT} vectors`,
      held / 1e6,
      "MB",
      { atMost: 1.2 * numbers },
      { name: "their numbers as float32", value: numbers },
    ),
    report(
      "longest hold of the thread by vector searches",
      heldUpMs.max,
      "ms",
      { atMost: Math.max(50, 0.5 * searched) },
    ),
  ];
}

/**
 * Calls `fill` for the table without an index and the one with it in turns, and then goes on until that one is full.
 * @returns how many calls a second there were meanwhile
 */
async function fillInTurns<Table>(
  fill: (table: Table) => Promise<void>,
  [bareTable, indexedTable]: readonly [Table, Table],
  calls: number,
): Promise<{ bare: number; indexed: number }> {
  let called = 0;
  const fillIndexed = () => {
    called += 1;
    return fill(indexedTable);
  };
  const [bare = NaN, indexed = NaN] = await loadInTurns(FILLS, [
    () => fill(bareTable),
    fillIndexed,
  ]);
  while (called < calls) await fillIndexed();
  return { bare, indexed };
}

async function fill(
  deployment: MeasuredDeployment,
  module: "messages" | "embeddings",
  table: string,
  count: number,
): Promise<void> {
  await deployment.post("/api/mutation", {
    path: `${module}:fill`,
    args: [{ table, count }],
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

/** How long the plainest loop over as many numbers takes, in ms: the sums of products that a search needs. */
function bareLoop(): number {
  const numbers = new Float32Array(VECTORS * DIMENSIONS).fill(0.5);
  const vector = new Float32Array(DIMENSIONS).fill(0.5);
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const started = performance.now();
    let best = 0;
    for (let at = 0; at < numbers.length; at += DIMENSIONS) {
      best = Math.max(best, sumOfProducts(vector, numbers, at));
    }
    if (best === 0) throw new Error("No sum is greater than 0.");
    times.push(performance.now() - started);
  }
  return median(times);
}

function sumOfProducts(one: Float32Array, other: Float32Array, at: number) {
  let sum = 0;
  for (let i = 0; i < one.length; i += 1) sum += one[i]! * other[at + i]!;
  return sum;
}
