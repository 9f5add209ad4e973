/** One local page: its files, its events, and nothing that changes anything. */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { CliError, messageOf } from "../errors.js";
import { Access, foreignness } from "./access.js";
import type { Feed } from "./feed.js";
import type { PageFiles } from "./pageFiles.js";
import { stream } from "./stream.js";

export interface DashboardServer {
  /** The link that lets a browser in, once. */
  readonly link: string;
  close(): Promise<void>;
}

export interface ServerOptions {
  /** Port to listen on; 0: any free one. */
  readonly port: number;
  readonly files: PageFiles;
  readonly feed: Feed;
  /** Answers `session?id=ID` with JSON that holds no secret. */
  readonly readSession: (id: string) => Promise<string>;
  /**
   * Called with a new link after two browsers have used the old one, neither of which is let in any
   * more.
   */
  readonly onReuse: (link: string) => void;
}

/** Listens on loopback only. @throws CliError where the port is taken */
export async function openServer(
  options: ServerOptions,
): Promise<DashboardServer> {
  const access = new Access();
  const streams = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    answer({ ...options, access, streams, request, response, onReuse });
  });
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  const link = () => `http://127.0.0.1:${port}${access.linkPath}`;
  const onReuse = (): void => {
    // The browser that came first is shut out: it reads no more of the streams that it has opened.
    for (const response of streams) response.destroy();
    options.onReuse(link());
  };
  return {
    get link() {
      return link();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Exchanged extends Omit<ServerOptions, "onReuse" | "port"> {
  access: Access;
  /** The responses that events are being sent to. */
  streams: Set<ServerResponse>;
  request: IncomingMessage;
  response: ServerResponse;
  onReuse: () => void;
}

function answer(exchanged: Exchanged): void {
  const { access, request, response } = exchanged;
  for (const [name, value] of Object.entries(HEADERS)) {
    response.setHeader(name, value);
  }
  const [path = "", query = ""] = (request.url ?? "").split("?", 2);
  const isPage = path === access.path;
  const isLink = isPage && request.headers["sec-fetch-mode"] === "navigate";
  const foreign = foreignness(request, isLink);
  if (foreign !== null) {
    return say(response, 403, `Refused: the request comes from ${foreign}.`);
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    return say(response, 405, "This page only shows; it changes nothing.");
  }
  // Browsers ask for an icon of themselves, where a page has none of its own yet.
  if (path === "/favicon.ico") return void response.writeHead(204).end();
  if (!path.startsWith(access.path)) return refuse(response);
  const token = isPage ? new URLSearchParams(query).get("token") : null;
  // A request for headers only, such as that of a chat that previews links, does not use the link up.
  if (token !== null && request.method === "GET") {
    return enter(exchanged, token);
  }
  if (!access.isKnown(request)) return refuse(response);
  const name = path.slice(access.path.length) || "index.html";
  if (name === "session") return void answerSession(exchanged, query);
  show(exchanged, name);
}

/** Takes the token for a cookie, and leads on to the address without the token. */
function enter(
  { access, request, response, onReuse }: Exchanged,
  token: string,
): void {
  const exchange = access.exchange(token, request);
  switch (exchange.kind) {
    case "accepted":
      response.setHeader("Set-Cookie", exchange.cookie);
      return goOn(response);
    case "known":
      return goOn(response);
    case "reused":
      onReuse();
      return say(
        response,
        403,
        "This link had been used before, by somebody without this browser's cookie. Nobody is let in by it any more; the command has printed a new one.",
      );
    case "refused":
      return refuse(response);
  }
}

/**
 * Answers with a page that leads on, not with a redirect: where the link was followed from another
 * site, the browser holds a SameSite=Strict cookie back from redirects.
 */
function goOn(response: ServerResponse): void {
  response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
  response.end(
    '<!doctype html><meta http-equiv="refresh" content="0; url=./"><title>sessions-ops</title>',
  );
}

async function answerSession(
  { readSession, response }: Exchanged,
  query: string,
): Promise<void> {
  const id = new URLSearchParams(query).get("id") ?? "";
  try {
    const json = await readSession(id);
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(json);
  } catch (error) {
    say(response, 502, messageOf(error));
  }
}

function show(
  { files, feed, streams, request, response }: Exchanged,
  path: string,
): void {
  if (path === "events" && request.method === "GET") {
    streams.add(response);
    response.on("close", () => streams.delete(response));
    return stream(response, feed);
  }
  const file = files.get(path);
  if (file === undefined) return say(response, 404, "There is no such file.");
  response.writeHead(200, {
    "Content-Type": file.type,
    "Content-Length": file.content.length,
  });
  response.end(file.content);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const HEADERS = {
  "Content-Security-Policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
};

function refuse(response: ServerResponse): void {
  say(
    response,
    403,
    "This page opens by the link that `sessions-ops dashboard` prints, once, and then in the same browser. Run the command again for another.",
  );
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" });
  response.end(`${text}\n`);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      reject(
        new CliError(
          "failure",
          `The dashboard cannot listen on port ${port} (${messageOf(error)}). Name another with --port, or leave it out for a free one.`,
        ),
      );
    });
    server.listen(port, "127.0.0.1", resolve);
  });
}
