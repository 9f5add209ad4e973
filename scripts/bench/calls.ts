import { ConvexClient } from "convex/browser";
import { keyOf, read, storeDocuments, write } from "./servers/documents.js";
import { EchoServer } from "./servers/echo.js";
import { HttpCaller } from "./servers/httpCaller.js";
import { loadInTurns } from "./load.js";
import { report, type Figure } from "./report.js";

const DOCUMENTS = 1_000;
/** Calls under way at once: connections over HTTP, requests on the one WebSocket. */
const LOOPS = 16;
const WARM_UP = { loops: LOOPS, durationMs: 3_000, rounds: 1 };
const TURNS = { loops: LOOPS, durationMs: 1_500, rounds: 5 };

/** Measures the smallest mutation and the smallest query, over HTTP and over one WebSocket. */
export async function benchCalls(): Promise<Figure[]> {
  const { deployment, ids } = await storeDocuments(DOCUMENTS);
  const echo = await EchoServer.start();
  const http = new HttpCaller(() => deployment.url);
  const socket = new ConvexClient(deployment.url);
  const id = (n: number) => ids[n % ids.length] ?? "";
  const key = (n: number) => keyOf(n % DOCUMENTS);
  const turns = [
    () => echo.http.call("mutation", "none", {}),
    (n: number) =>
      http.call("mutation", "documents:write", { id: id(n), value: n }),
    (n: number) => http.call("query", "documents:read", { key: key(n) }),
    (n: number) => echo.message(JSON.stringify({ id: id(n), value: n })),
    (n: number) => socket.mutation(write, { id: id(n), value: n }),
    (n: number) => socket.query(read, { key: key(n) }),
  ];
  await loadInTurns(WARM_UP, turns);
  const rates = await loadInTurns(TURNS, turns);
  http.close();
  await socket.close();
  await echo.stop();
  await deployment.stop();
  return describe(rates);
}

function describe(rates: readonly number[]): Figure[] {
  const [httpEcho, httpWrite, httpRead, socketEcho, socketWrite, socketRead] =
    rates as [number, number, number, number, number, number];
  const bareHttp = { name: "a bare node:http server", value: httpEcho };
  const bareSocket = { name: "a bare ws server", value: socketEcho };
  const unit = "calls/s";
  return [
    report(
      `one-document mutation over HTTP, ${LOOPS} connections`,
      httpWrite,
      unit,
      { atLeast: 3_000 },
      bareHttp,
    ),
    report(
      `point query over HTTP, ${LOOPS} connections`,
      httpRead,
      unit,
      {},
      bareHttp,
    ),
    report(
      `one-document mutation over one WebSocket, ${LOOPS} under way`,
      socketWrite,
      unit,
      {},
      bareSocket,
    ),
    report(
      `point query over one WebSocket, ${LOOPS} under way`,
      socketRead,
      unit,
      {},
      bareSocket,
    ),
  ];
}
