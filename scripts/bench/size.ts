import { keyOf, storeDocuments, type Documents } from "./servers/documents.js";
import { HttpCaller } from "./servers/httpCaller.js";
import { load, median } from "./load.js";
import { report, type Figure } from "./report.js";

const FEW = 1_000;
const MANY = 1_000_000;
const LOOPS = 16;
const WARM_UP_MS = 3_000;
const ROUND_MS = 1_500;
const ROUNDS = 5;
const STARTS = 5;

/** Measures the figures that depend on how much is stored: start-up, the rate of mutations, memory. */
export async function benchSize(): Promise<Figure[]> {
  const few = await storeDocuments(FEW);
  const many = await storeDocuments(MANY);
  const starts = { few: await startUps(few), many: await startUps(many) };
  const memory = {
    few: (await few.deployment.stats()).maxRssBytes,
    many: (await many.deployment.stats()).maxRssBytes,
  };
  const shares = await compareRates(few, many);
  await few.deployment.stop();
  await many.deployment.stop();
  return [
    report(
      "start-up to the first answer, 1,000,000 documents",
      median(starts.many),
      "ms",
      { atMost: 1_000 },
      { name: "1,000 documents", value: median(starts.few) },
    ),
    report(
      "memory after start-up, 1,000,000 documents",
      memory.many / 1e6,
      "MB",
      {},
      { name: "1,000 documents", value: memory.few / 1e6 },
    ),
    report(
      "mutations at 1,000,000 documents, of the rate at 1,000",
      median(shares),
      "of it",
      { atLeast: 0.8 },
    ),
  ];
}

/** The time in ms from the start of a process to the answer of its first query. */
async function startUps({ deployment }: Documents): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < STARTS; n += 1) {
    const start = await deployment.restart();
    await deployment.post("/api/query", {
      path: "documents:read",
      args: [{ key: keyOf(n) }],
    });
    times.push(performance.now() - start);
  }
  return times;
}

async function compareRates(few: Documents, many: Documents) {
  const writers = [few, many].map(writer);
  for (const { call } of writers) {
    await load({ loops: LOOPS, durationMs: WARM_UP_MS }, call);
  }
  const shares: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const rates: number[] = [];
    for (const { call } of writers) {
      const options = { loops: LOOPS, durationMs: ROUND_MS };
      rates.push((await load(options, call)).perSecond);
    }
    shares.push((rates[1] ?? NaN) / (rates[0] ?? NaN));
  }
  for (const { http } of writers) http.close();
  return shares;
}

/** Writes documents from all over the table, so that 1,000,000 of them do not fit one page of the store. */
function writer({ deployment, ids }: Documents) {
  const http = new HttpCaller(() => deployment.url);
  const call = (n: number) => {
    const id = ids[(n * 7_919) % ids.length];
    return http.call("mutation", "documents:write", { id: id ?? "", value: n });
  };
  return { http, call };
}
