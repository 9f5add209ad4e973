import { createHash } from "node:crypto";
import { mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

/** A socket that tells other processes that its owner lives. */
export interface Listening {
  close(): Promise<void>;
}

/**
 * The answer of an owner: nobody listens; ask anew; somebody listens, and says who, unless busy.
 */
export type Answer =
  | { readonly kind: "dead" | "gone" }
  | { readonly kind: "lives"; readonly says: string | null };

/** How long an owner has to say who it is. That it lives is known before, from the kernel. */
const ANSWER_MS = 1_000;

/**
 * Listens at `path`, and sends `says` to everyone who connects; does not keep the process running.
 */
export async function listen(path: string, says: string): Promise<Listening> {
  const server = createServer((socket) => {
    // The other process may be gone by then.
    socket.on("error", () => socket.destroy());
    // A connection that stays would keep the server from closing.
    socket.end(says, () => socket.destroy());
    socket.unref();
  });
  await atShortPath(path, async (short) => {
    await new Promise<void>((done, reject) => {
      server.once("error", reject);
      // A worker of a cluster would be given its primary's socket.
      server.listen({ path: short, exclusive: true }, () => {
        server.off("error", reject);
        done();
      });
    });
  });
  server.unref();
  // After an accept that fails, as without free file descriptors, the server goes on.
  server.on("error", () => undefined);
  return { close: () => new Promise((done) => server.close(() => done())) };
}

/** Asks who listens at `path`. */
export function ask(path: string): Promise<Answer> {
  return atShortPath(path, askShort);
}

function askShort(path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    let said = "";
    let isConnected = false;
    const answer = (result: Answer) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const lives = () => answer({ kind: "lives", says: said || null });
    const timer = setTimeout(lives, ANSWER_MS);
    socket.setEncoding("utf8");
    socket.on("connect", () => (isConnected = true));
    socket.on("data", (text: string) => (said += text));
    socket.on("end", lives);
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (isConnected) return lives();
      switch (error.code) {
        case "ECONNREFUSED":
          return answer({ kind: "dead" });
        case "ENOENT":
        case "ECONNRESET": // The owner closed meanwhile.
          return answer({ kind: "gone" });
        // The owner listens, and so many ask that it takes no more.
        case "EAGAIN":
          return lives();
        default:
          clearTimeout(timer);
          reject(error);
      }
    });
  });
}

/** The name of a directory's pipe, on Windows; the same for all paths to the directory. */
export function pipeOf(dir: string): string {
  const path = realpathSync.native(dir).toLowerCase();
  const digest = createHash("sha256").update(path).digest("hex");
  return `\\\\.\\pipe\\convex-embedded-${digest}`;
}

/** Limit for a socket's path, on every system. */
const MAX_PATH_BYTES = 100;

/**
 * Calls `use` with a path short enough for a socket; a longer one is reached by a link to its
 * folder.
 */
async function atShortPath<Result>(
  path: string,
  use: (short: string) => Promise<Result>,
): Promise<Result> {
  if (process.platform === "win32" || Buffer.byteLength(path) <= MAX_PATH_BYTES)
    return use(path);
  const folder = mkdtempSync(join(tmpdir(), "owner-"));
  try {
    const link = join(folder, "d");
    symlinkSync(dirname(path), link);
    return await use(join(link, basename(path)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
