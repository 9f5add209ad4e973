import { WebSocketServer, type WebSocket } from "ws";
import { refuseUpgrade, type UpgradeHandler } from "../node.js";
import { SyncSession, type SyncServices } from "./session.js";

/** The WebSocket side of a deployment. */
export interface SyncSockets {
  readonly upgrade: UpgradeHandler;
  /** Ends every connection. */
  close(): void;
}

/** The client puts its version between; any is served alike. */
const SYNC_PATH = /^\/api(\/[0-9][^/]*)?\/sync$/;

const MAX_MESSAGE_BYTES = 17 * 1024 * 1024;

/** Accepts sync connections and gives each a session. */
export function createSyncSockets(services: SyncServices): SyncSockets {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  return {
    upgrade: (request, socket, head) => {
      const path = request.url?.split("?")[0] ?? "";
      if (!SYNC_PATH.test(path)) {
        refuseUpgrade(
          socket,
          "404 Not Found",
          `There is no WebSocket at ${path}.`,
        );
        return;
      }
      server.handleUpgrade(request, socket, head, (webSocket) =>
        serve(services, webSocket),
      );
    },
    close: () => {
      for (const webSocket of server.clients) webSocket.terminate();
      server.close();
    },
  };
}

function serve(services: SyncServices, webSocket: WebSocket): void {
  const session = new SyncSession(services, {
    send: (message) => webSocket.send(JSON.stringify(message)),
    close: () => webSocket.close(),
  });
  // `ws` closes the connection itself after an error, e.g. a message too big.
  webSocket.on("error", () => webSocket.terminate());
  webSocket.on("message", (data) =>
    session.receive((data as Buffer).toString()),
  );
}
