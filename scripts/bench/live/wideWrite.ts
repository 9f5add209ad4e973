import { setTimeout as wait } from "node:timers/promises";
import { ConvexClient } from "convex/browser";
import { report, type Figure } from "../report.js";
import { Crowd, type SubscribersReport } from "../scale/crowd.js";
import {
  keyOf,
  storeDocuments,
  write,
  type Documents,
} from "../servers/documents.js";
import { HttpCaller } from "../servers/httpCaller.js";

const SOCKETS = 10;
const QUERIES_PER_SOCKET = 1_000;
const CALL_EVERY_MS = 10;
const CALM_MS = 3_000;

/**
 * One write that touches ten thousand live queries, all of them different: the longest that a call waits meanwhile, of
 * queries and mutations over HTTP and of a mutation over a WebSocket, whose client waits for its own transition too.
 */
export async function benchWideWrite(): Promise<Figure[]> {
  const documents = await storeDocuments(2);
  const { url, adminKey } = documents.deployment;
  try {
    const watching = await Crowd.start<SubscribersReport>(
      "subscribersProcess.mjs",
      {
        ...{ url, adminKey, sockets: SOCKETS, reads: true },
        queries: Array.from({ length: QUERIES_PER_SOCKET }, (_, n) => ({
          path: "documents:readBeside",
          args: { key: keyOf(0), bytes: 0, n },
          isOwn: true,
        })),
      },
    );
    const calm = await longestWaits(documents, () => wait(CALM_MS));
    await watching.report();
    let tookMs = NaN;
    const wide = await longestWaits(documents, async () => {
      const start = performance.now();
      await documents.deployment.post("/api/mutation", {
        path: "documents:write",
        args: [{ id: documents.ids[0], value: 1 }],
      });
      let updates = 0;
      while (updates < SOCKETS) {
        await wait(50);
        updates += (await watching.report()).updates;
      }
      tookMs = performance.now() - start;
    });
    await watching.end();
    return describe(calm, wide, tookMs);
  } finally {
    await documents.deployment.stop();
  }
}

interface Waits {
  http: number;
  webSocket: number;
}

/** The longest that a call waits, in ms, from now until `during` is over. */
async function longestWaits(
  { deployment, ids }: Documents,
  during: () => Promise<unknown>,
): Promise<Waits> {
  const http = new HttpCaller(() => deployment.url);
  const client = new ConvexClient(deployment.url);
  const longest: Waits = { http: 0, webSocket: 0 };
  const args = { id: ids[1] ?? "", value: 2 };
  // Connected before it is measured.
  await client.mutation(write, args);
  let isOver = false;
  const timed = async (kind: keyof Waits, call: () => Promise<unknown>) => {
    while (!isOver) {
      const start = performance.now();
      await call();
      longest[kind] = Math.max(longest[kind], performance.now() - start);
      await wait(CALL_EVERY_MS);
    }
  };
  const calling = Promise.all([
    timed("http", () => http.call("mutation", "documents:write", args)),
    timed("http", () =>
      http.call("query", "documents:read", { key: keyOf(1) }),
    ),
    timed("webSocket", () => client.mutation(write, args)),
  ]);
  await during();
  isOver = true;
  await calling;
  http.close();
  await client.close();
  return longest;
}

function describe(calm: Waits, wide: Waits, tookMs: number): Figure[] {
  const count = (SOCKETS * QUERIES_PER_SOCKET).toLocaleString("en-US");
  const what = `one write touches ${count} live queries`;
  const beside = (value: number) => ({ name: "without that write", value });
  return [
    report(
      `${what}: longest wait of a call`,
      wide.http,
      "ms",
      { atMost: 100 },
      beside(calm.http),
    ),
    report(
      "and of a mutation over a WebSocket, to its promise",
      wide.webSocket,
      "ms",
      { atMost: 100 },
      beside(calm.webSocket),
    ),
    report("until all of them are shown", tookMs, "ms"),
  ];
}
