import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { Readable, type Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { EmbeddedError } from "../../errors.js";
import { bodyTooLarge } from "./body.js";
import {
  HttpError,
  errorResponse,
  requestAborted,
  type ApiHandler,
  type ApiRequest,
  type ApiResponse,
} from "./http.js";
import { refuseBrokenRequest, refuseSocket } from "./refusals.js";

/** Takes over a socket that asked for a WebSocket. */
export type UpgradeHandler = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
) => void;

/** A listening server. */
export interface Listener {
  readonly port: number;
  /** Stops accepting, answers requests in flight, closes every connection. */
  close(): Promise<void>;
  /** Stops accepting and cuts every connection off, as the end of the process would. */
  cut(): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 10_000;
/** Limit for receiving a request; a 200 MB push from a slow local disk stays well inside it. */
const REQUEST_TIMEOUT_MS = 120_000;
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** How long closing waits for a client to finish its request before cutting it off. */
const CLOSE_GRACE_MS = 5_000;
const DISCARD_LIMIT_BYTES = 256 * 1024 * 1024;

/** Binds `host:port` (0 picks a free port) and serves `handler` there. */
export async function listen(
  options: { host: string; port: number },
  handler: ApiHandler,
  upgrade: UpgradeHandler,
): Promise<Listener> {
  let closing = false;
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      noDelay: true,
      // Node would refuse a request without `Host`, and give no reason.
      requireHostHeader: false,
    },
    (incoming, outgoing) => {
      void respond(handler, incoming, outgoing, () => closing);
    },
  );
  server.on("upgrade", upgrade);
  server.on("connect", (_request, socket) =>
    refuseSocket(socket, 405, "MethodNotAllowed", "This is not a proxy."),
  );
  server.on("checkExpectation", (incoming, outgoing) => {
    void respond(refuseExpectation, incoming, outgoing, () => closing);
  });
  server.on("clientError", refuseBrokenRequest);
  await bind(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      closing = true;
      return closeServer(server);
    },
    cut: () => {
      closing = true;
      const closed = closeServer(server);
      server.closeAllConnections();
      return closed;
    },
  };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(
      () => server.closeAllConnections(),
      CLOSE_GRACE_MS,
    );
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
    server.closeIdleConnections();
  });
}

async function respond(
  handler: ApiHandler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  isClosing: () => boolean,
): Promise<void> {
  const response = isHostMissing(incoming)
    ? errorResponse(
        new HttpError(400, "BadRequest", "There is no Host header."),
      )
    : await handler(new NodeRequest(incoming, outgoing));
  if (!incoming.complete) {
    outgoing.shouldKeepAlive = false;
    await discardBody(incoming);
  }
  // A connection kept alive would keep the server open.
  if (isClosing()) outgoing.shouldKeepAlive = false;
  send(outgoing, response);
}

function isHostMissing({ httpVersion, headers }: IncomingMessage): boolean {
  return httpVersion === "1.1" && headers.host === undefined;
}

const refuseExpectation: ApiHandler = (request) =>
  Promise.resolve(
    errorResponse(
      new HttpError(
        417,
        "ExpectationFailed",
        `Nothing is known of Expect: ${request.header("expect")}.`,
      ),
    ),
  );

/**
 * Reads a refused body to its end. A client reads the refusal only once it has sent its body;
 * closing earlier resets the connection. At most {@link DISCARD_LIMIT_BYTES} are read.
 */
function discardBody(incoming: IncomingMessage): Promise<void> {
  if (Number(incoming.headers["content-length"] ?? 0) > DISCARD_LIMIT_BYTES) {
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    let discarded = 0;
    incoming.on("data", (chunk: Buffer) => {
      discarded += chunk.length;
      if (discarded > DISCARD_LIMIT_BYTES) resolve();
    });
    incoming.once("close", resolve);
    incoming.once("end", resolve);
  });
}

function send(
  outgoing: ServerResponse,
  { status, headers, body }: ApiResponse,
): void {
  if (typeof body !== "string") {
    outgoing.writeHead(status, headers);
    void sendStream(outgoing, body);
    return;
  }
  // RFC 9110, 8.6: a response that never has a body has no length, and one to HEAD that of another.
  const length =
    status === 204 || "content-length" in headers
      ? {}
      : { "content-length": Buffer.byteLength(body) };
  outgoing.writeHead(status, { ...headers, ...length });
  outgoing.end(body);
}

async function sendStream(
  outgoing: ServerResponse,
  body: ReadableStream<Uint8Array>,
): Promise<void> {
  outgoing.flushHeaders();
  try {
    await pipeline(Readable.fromWeb(body as NodeReadableStream), outgoing);
  } catch {
    // The status is sent, so breaking off is all that tells the client. A fault of the action is in
    // its log; a client that left is nobody's fault.
    outgoing.destroy();
  }
}

/** The address of the peer; an IPv4 address as such also where the server listens on IPv6. */
export function ipOf({ socket }: IncomingMessage): string | null {
  return socket.remoteAddress?.replace(/^::ffff:(?=[\d.]+$)/, "") ?? null;
}

class NodeRequest implements ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly #incoming: IncomingMessage;
  readonly #outgoing: ServerResponse;

  constructor(incoming: IncomingMessage, outgoing: ServerResponse) {
    const target = incoming.url ?? "/";
    const mark = target.indexOf("?");
    this.method = incoming.method ?? "GET";
    this.path = mark === -1 ? target : target.slice(0, mark);
    this.query = mark === -1 ? "" : target.slice(mark + 1);
    this.#incoming = incoming;
    this.#outgoing = outgoing;
  }

  get ip(): string | null {
    return ipOf(this.#incoming);
  }

  header(name: string): string | undefined {
    const value = this.#incoming.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  *headers(): Iterable<[name: string, value: string]> {
    const { rawHeaders } = this.#incoming;
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      yield [rawHeaders[i]!, rawHeaders[i + 1]!];
    }
  }

  readBody(limitBytes: number): Promise<Buffer> {
    const incoming = this.#incoming;
    const chunks: Buffer[] = [];
    let received = 0;
    return new Promise((resolve, reject) => {
      const declared = Number(incoming.headers["content-length"] ?? 0);
      if (declared > limitBytes) {
        reject(bodyTooLarge(limitBytes));
        return;
      }
      incoming.on("data", (chunk: Buffer) => {
        received += chunk.length;
        if (received > limitBytes) {
          chunks.length = 0;
          reject(bodyTooLarge(limitBytes));
        } else chunks.push(chunk);
      });
      incoming.once("end", () => resolve(Buffer.concat(chunks)));
      incoming.once("error", (cause) => reject(requestAborted(cause)));
    });
  }

  async *bodyChunks(): AsyncIterable<Uint8Array> {
    try {
      // A route that stops reading may still answer.
      yield* this.#incoming.iterator({
        destroyOnReturn: false,
      }) as AsyncIterable<Uint8Array>;
    } catch (cause) {
      throw requestAborted(cause);
    }
  }

  onDisconnect(listener: () => void): void {
    this.#outgoing.on("close", listener);
  }
}

function bind(
  server: Server,
  { host, port }: { host: string; port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      reject(bindError(cause, host, port));
    });
    server.listen(port, host, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

function bindError(
  cause: NodeJS.ErrnoException,
  host: string,
  port: number,
): Error {
  switch (cause.code) {
    case "EADDRINUSE":
      return new EmbeddedError(
        "portInUse",
        `Port ${port} of ${host} is in use. Stop what listens there, or choose another port (0 picks a free one).`,
        { cause },
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EACCES":
      return new EmbeddedError(
        "invalidArgument",
        `Cannot listen on ${host}:${port}: ${cause.message}`,
        { cause },
      );
    default:
      return cause;
  }
}
