import { once } from "node:events";
import type net from "node:net";

/** A server on a free port of this machine, of as much of a protocol as one test needs. */
export interface LocalServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens, and ends with all its connections. */
export async function listening(server: net.Server): Promise<LocalServer> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  return {
    port,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
