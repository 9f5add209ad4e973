import { once } from "node:events";
import { createServer } from "node:net";

// First port to try, below those that Linux, macOS and Windows give to outgoing connections (32,768
// and up, 49,152 and up).
const FIRST = 20_000;
const LAST = 32_000;

/**
 * A free port for a server that a test stops and starts again at the same address. A port that the
 * system picked would not do: while the server is away, an outgoing connection may be given it.
 */
export async function stablePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
    throw error;
  }
  server.close();
  await once(server, "close");
  return true;
}
