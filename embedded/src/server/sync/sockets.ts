import type { IncomingMessage } from "node:http";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import type { Clock } from "../../clock.js";
import type { UpgradeHandler } from "../http/node.js";
import { refuseUpgrade } from "../http/refusals.js";
import { Heartbeat } from "./heartbeat.js";
import { createLiveQueries } from "./queries/liveQueries.js";
import type { QueryRunServices } from "./queries/queryRun.js";
import { RequestRecords } from "./requestRecords.js";
import {
  MAX_MESSAGE_BYTES,
  SyncSession,
  type SyncServices,
} from "./session.js";
import { SocketConnection } from "./socketConnection.js";
import { UnreadBudget } from "./unreadBudget.js";

/** The WebSocket side of a deployment. */
export interface SyncSockets {
  readonly upgrade: UpgradeHandler;
  /** Ends every connection; resolves when no session uses the database any more. */
  close(): Promise<void>;
}

/** Path of the sync protocol, in which the client puts its version; any version is served alike. */
const SYNC_PATH = /^\/api(\/[0-9][^/]*)?\/sync$/;

/**
 * Limit for a frame. It is above that for messages, so that the client can be told; larger frames
 * are not even read.
 */
const MAX_PAYLOAD_BYTES = 2 * MAX_MESSAGE_BYTES;

/** How long a client has to confirm that its socket closes. */
const CLOSE_TIMEOUT_MS = 2_000;

/** Accepts sync connections and gives each a session. */
export function createSyncSockets(
  base: Omit<SyncServices, "liveQueries" | "records"> & QueryRunServices,
  {
    clock,
    connectionClock,
  }: {
    clock: Clock;
    /** What tells whether a connection is alive. */
    connectionClock: Clock;
  },
): SyncSockets {
  const { database, log } = base;
  const liveQueries = createLiveQueries(base);
  const records = new RequestRecords(database, { clock, log });
  const services = { ...base, liveQueries, records };
  const heartbeat = new Heartbeat(connectionClock);
  const unread = new UnreadBudget();
  const sessions = new Set<SyncSession>();
  const options = {
    noServer: true,
    maxPayload: MAX_PAYLOAD_BYTES,
    // The types of `ws` do not know the option yet.
    closeTimeout: CLOSE_TIMEOUT_MS,
  };
  const server = new WebSocketServer(options);

  server.on("wsClientError", ({ message }, socket) =>
    refuseUpgrade(socket, 400, `This is no WebSocket handshake: ${message}.`),
  );

  function serve(webSocket: WebSocket, request: IncomingMessage): void {
    const connection = new SocketConnection(
      webSocket,
      request,
      connectionClock,
      unread,
    );
    const session = new SyncSession(services, connection);
    sessions.add(session);
    const stopBeating = heartbeat.add(connection);
    const stopCounting = unread.add(connection);
    webSocket.on("message", (data, isBinary) => {
      connection.heard();
      if (isBinary) session.refuse("Messages are text, not binary.");
      else session.receive(textOf(data));
    });
    webSocket.on("pong", () => connection.heard());
    // `ws` has answered the ping, whether or not the client reads.
    webSocket.on("ping", () => connection.dropIfUnread());
    webSocket.on("error", ({ message }) => {
      // `ws` has closed the connection with the code that says what is wrong.
      log(`A sync connection broke: ${message}`);
    });
    webSocket.on("close", () => {
      stopBeating();
      stopCounting();
      void session.close().then(() => sessions.delete(session));
    });
  }

  return {
    upgrade: (request, socket, head) => {
      const path = request.url?.split("?")[0] ?? "";
      if (!SYNC_PATH.test(path)) {
        refuseUpgrade(socket, 404, `There is no WebSocket at ${path}.`);
        return;
      }
      server.handleUpgrade(request, socket, head, (webSocket) =>
        serve(webSocket, request),
      );
    },
    close: async () => {
      server.close();
      for (const webSocket of server.clients) webSocket.terminate();
      const closing = [...sessions].map((session) => session.close());
      // All have begun to close, so that none runs a query anew that ends now.
      base.runtime.endSharedQueries();
      await Promise.all(closing);
      await records.close();
      liveQueries.close();
    },
  };
}

/** Text of a message; `ws` hands over one buffer unless told otherwise. */
function textOf(data: RawData): string {
  return (data as Buffer).toString();
}
