import { setTimeout as wait } from "node:timers/promises";
import { ConvexClient } from "convex/browser";
import {
  keyOf,
  read,
  storeDocuments,
  write,
  type Documents,
} from "../servers/documents.js";
import { median, percentile } from "../load.js";
import { report, type Figure } from "../report.js";

const SUBSCRIPTIONS = 1_000;
const SOCKETS = 10;
const MUTATIONS_PER_SECOND = 100;
const WARM_UP_S = 2;
const MEASURED_S = 5;
/** The number of turns with one subscription and with many, so that both meet the same machine. */
const ROUNDS = 3;

/**
 * Measures how long a change takes to show, with subscriptions on distinct keys while mutations change
 * one key each.
 */
export async function benchLatency(): Promise<Figure[]> {
  const documents = await storeDocuments(SUBSCRIPTIONS);
  const alone: number[][] = [];
  const many: number[][] = [];
  let aloneBytes = NaN;
  for (let round = 0; round < ROUNDS; round += 1) {
    alone.push(await measure(documents, 1));
    // The figure is the most memory so far, so that only the first round's is that of one subscription.
    if (round === 0) aloneBytes = await mostMemory(documents);
    many.push(await measure(documents, SUBSCRIPTIONS));
  }
  const manyBytes = await mostMemory(documents);
  await documents.deployment.stop();
  const what = `mutation to update, ${SUBSCRIPTIONS.toLocaleString("en-US")} subscriptions`;
  const compared = (share: number, bound: { atMost?: number }) =>
    report(
      `${what}, p${share * 100}`,
      median(many.map((latencies) => percentile(latencies, share))),
      "ms",
      bound,
      {
        name: "one subscription",
        value: median(alone.map((latencies) => percentile(latencies, share))),
      },
    );
  return [
    compared(0.5, {}),
    compared(0.99, { atMost: 50 }),
    report(
      `${what}: most memory of the process`,
      manyBytes / 1e6,
      "MB",
      {},
      { name: "one subscription", value: aloneBytes / 1e6 },
    ),
  ];
}

async function mostMemory({ deployment }: Documents): Promise<number> {
  return (await deployment.stats()).maxRssBytes;
}

interface Sent {
  value: number;
  /** The time of the mutation's call, by `performance.now()`. */
  at: number;
}

/** The time in ms from each mutation's call to its value in the subscriber's callback. */
async function measure(
  { deployment, ids }: Documents,
  subscriptions: number,
): Promise<number[]> {
  const writer = new ConvexClient(deployment.url);
  const readers = Array.from(
    { length: Math.min(SOCKETS, subscriptions) },
    () => new ConvexClient(deployment.url),
  );
  const sent = Array.from({ length: subscriptions }, (): Sent[] => []);
  const latencies: number[] = [];
  await subscribeAll(readers, subscriptions, (key, value) => {
    // A value that another one followed at once may never show; the later one answers for both.
    while ((sent[key]?.[0]?.value ?? Infinity) <= value) {
      latencies.push(performance.now() - (sent[key]?.shift()?.at ?? NaN));
    }
  });
  const first = Date.now();
  const count = (WARM_UP_S + MEASURED_S) * MUTATIONS_PER_SECOND;
  const start = performance.now();
  for (let n = 0; n < count; n += 1) {
    await wait(
      Math.max(
        0,
        start + (n * 1_000) / MUTATIONS_PER_SECOND - performance.now(),
      ),
    );
    const key = n % subscriptions;
    sent[key]?.push({ value: first + n, at: performance.now() });
    // The subscriber's update tells that the mutation went well.
    void writer.mutation(write, { id: ids[key] ?? "", value: first + n });
  }
  while (latencies.length < count) await wait(10);
  await Promise.all([writer, ...readers].map((client) => client.close()));
  return latencies.slice(WARM_UP_S * MUTATIONS_PER_SECOND);
}

/** Resolves when each subscription has its first value. */
async function subscribeAll(
  readers: readonly ConvexClient[],
  subscriptions: number,
  onValue: (key: number, value: number) => void,
): Promise<void> {
  const firsts = Array.from({ length: subscriptions }, (_, n) => {
    const reader = readers[n % readers.length];
    return new Promise<void>((resolve) => {
      reader?.onUpdate(read, { key: keyOf(n) }, (value) => {
        resolve();
        onValue(n, value as number);
      });
    });
  });
  await Promise.all(firsts);
}
