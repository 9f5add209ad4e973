import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { HttpCaller } from "./httpCaller.js";

/**
 * The server of `echoProcess.mjs`, which shows the cost of HTTP, WebSocket and this process's own
 * clients alone.
 */
export class EchoServer {
  readonly http: HttpCaller;
  readonly #process: ChildProcess;
  readonly #socket: WebSocket;
  readonly #waiting: (() => void)[] = [];

  private constructor(process: ChildProcess, url: string, socket: WebSocket) {
    this.#process = process;
    this.http = new HttpCaller(() => url);
    this.#socket = socket;
    socket.on("message", () => {
      this.#waiting.shift()?.();
    });
  }

  static async start(): Promise<EchoServer> {
    const script = fileURLToPath(new URL("./echoProcess.mjs", import.meta.url));
    const child = fork(script, { execArgv: [] });
    const [{ url }] = (await once(child, "message")) as [{ url: string }];
    const socket = new WebSocket(url.replace("http", "ws"));
    await once(socket, "open");
    return new EchoServer(child, url, socket);
  }

  /** Sends a message over the one WebSocket, and waits for its answer. */
  message(text: string): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#socket.send(text);
    });
  }

  async stop(): Promise<void> {
    this.http.close();
    this.#socket.close();
    this.#process.disconnect();
    await once(this.#process, "exit");
  }
}
