import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { stablePort } from "../../../embedded/test/support/ports.js";

export interface DroppingProxy extends AsyncDisposable {
  url: string;
  /** Resolves once so many pieces of answers came through. */
  passed(pieces: number): Promise<void>;
  /** Breaks all connections off, and takes no new ones. */
  drop(): Promise<void>;
  restore(): Promise<void>;
}

/** A network in front of a deployment that goes away when it is told to. */
export async function openDroppingProxy(to: string): Promise<DroppingProxy> {
  const target = Number(new URL(to).port);
  const sockets = new Set<Socket>();
  let pieces = 0;
  let onPiece = (): void => {};
  const listen = async (port: number): Promise<Server> => {
    const server = createServer((near) => {
      const far = connect(target, "127.0.0.1");
      for (const socket of [near, far]) {
        sockets.add(socket);
        // A connection that is broken off reports an error, which is meant here.
        socket.on("error", () => {});
        socket.on("close", () => {
          sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far);
      far.pipe(near);
      far.on("data", () => {
        pieces += 1;
        onPiece();
      });
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return server;
  };
  const port = await stablePort();
  let server = await listen(port);
  const drop = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    passed: (wanted) =>
      new Promise((resolve) => {
        onPiece = () => {
          if (pieces >= wanted) resolve();
        };
        onPiece();
      }),
    drop,
    async restore() {
      server = await listen(port);
    },
    [Symbol.asyncDispose]: drop,
  };
}
