import {
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { connect, type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { onTestFinished } from "vitest";

/** An answer of a deployment, or of a proxy before it, to a call. */
export interface Answer {
  status: number;
  body: Record<string, unknown>;
}

/** A mutation for which a page asked. */
export interface Asked {
  name: string;
  /** The address of the page, as far as it tells. */
  page: string;
}

/** Stands between pages and a deployment, and holds or gives answers of the test's. */
export class Gate {
  /** The mutations that pages asked for, whoever answered. */
  readonly asked: Asked[] = [];
  readonly #target: URL;
  readonly #server: Server = createServer();
  readonly #sockets = new Set<Duplex>();
  readonly #answers = new Map<string, Answer>();
  readonly #holds = new Map<string, (letGo: () => void) => void>();

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server.on("connection", (socket) => this.#keep(socket));
    this.#server.on("request", (asked, response) => {
      void this.#answer(asked, response);
    });
    this.#server.on("upgrade", (asked, socket, head) => {
      this.#tunnel(asked, socket, head);
    });
  }

  /** Opens a gate, which is closed when the test is finished. */
  static async before(target: string): Promise<Gate> {
    const gate = new Gate(target);
    await new Promise<void>((resolve) => {
      gate.#server.listen(0, "127.0.0.1", resolve);
    });
    onTestFinished(async () => {
      const closed = new Promise((resolve) => gate.#server.close(resolve));
      for (const socket of gate.#sockets) socket.destroy();
      await closed;
    });
    return gate;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /**
   * Holds the answer of the next call of this name. Resolves when it is made, with a function that lets
   * the answer go.
   */
  hold(name: string): Promise<() => void> {
    return new Promise((resolve) => this.#holds.set(name, resolve));
  }

  /**
   * Keeps calls of this name from the deployment from here on, and answers them; without an answer they
   * reach it again.
   */
  answers(name: string, answer?: Answer): void {
    if (answer === undefined) this.#answers.delete(name);
    else this.#answers.set(name, answer);
  }

  async #answer(asked: IncomingMessage, response: ServerResponse) {
    const body = Buffer.concat((await asked.toArray()) as Buffer[]);
    const name = mutationOf(asked, body);
    if (name !== undefined) {
      this.asked.push({ name, page: asked.headers.referer ?? "" });
    }
    const answer = this.#answers.get(name ?? "");
    if (answer !== undefined) {
      response.writeHead(answer.status, {
        "Access-Control-Allow-Origin": "*",
        "Content-Type": "application/json",
      });
      response.end(JSON.stringify(answer.body));
      return;
    }
    const held = this.#holds.get(name ?? "");
    this.#holds.delete(name ?? "");
    const { method, headers } = asked;
    request(
      new URL(asked.url ?? "/", this.#target),
      { method, headers },
      (given) => {
        const letGo = (): void => {
          response.writeHead(given.statusCode ?? 502, given.headers);
          given.pipe(response);
        };
        if (held === undefined) letGo();
        else held(letGo);
      },
    )
      .on("error", () => response.destroy())
      .end(body);
  }

  #tunnel(asked: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { hostname, port } = this.#target;
    const deployment = connect(Number(port), hostname);
    this.#keep(deployment);
    const lines = [`${asked.method} ${asked.url} HTTP/1.1`];
    for (let n = 0; n < asked.rawHeaders.length; n += 2) {
      lines.push(`${asked.rawHeaders[n]}: ${asked.rawHeaders[n + 1]}`);
    }
    deployment.write(`${lines.join("\r\n")}\r\n\r\n`);
    deployment.write(head);
    deployment.pipe(socket).pipe(deployment);
    // The end of either side is that of the other.
    socket.on("close", () => deployment.destroy());
    deployment.on("close", () => socket.destroy());
  }

  #keep(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    // A browser that is closed resets its open connections.
    socket.on("error", () => socket.destroy());
  }
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function mutationOf(asked: IncomingMessage, body: Buffer): string | undefined {
  if (asked.method !== "POST" || asked.url !== "/api/mutation") return;
  const { path } = JSON.parse(body.toString()) as { path: string };
  return path.slice(path.indexOf(":") + 1);
}
