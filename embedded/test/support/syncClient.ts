import { WebSocket } from "ws";
import type { ServerMessage } from "../../src/server/sync/messages.js";

type Message<T extends ServerMessage["type"]> = Extract<
  ServerMessage,
  { type: T }
>;

/** A client that sends whatever a test tells it to, right or wrong. */
export class SyncClient {
  readonly received: ServerMessage[] = [];
  readonly socket: WebSocket;
  /** Told of every message, too. */
  onMessage: (message: ServerMessage) => void = () => {};
  #closed: { code: number; reason: string } | undefined;
  #read = 0;
  #wake = () => {};

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data) => {
      const message = JSON.parse((data as Buffer).toString()) as ServerMessage;
      this.received.push(message);
      this.onMessage(message);
      this.#wake();
    });
    socket.on("close", (code, reason) => {
      this.#closed = { code, reason: reason.toString() };
      this.#wake();
    });
  }

  static open(url: string, version = "1.48.0"): Promise<SyncClient> {
    const socket = new WebSocket(
      `${url.replace("http", "ws")}/api/${version}/sync`,
    );
    const client = new SyncClient(socket);
    return new Promise((resolve, reject) => {
      socket.on("error", reject);
      socket.on("open", () => resolve(client));
    });
  }

  /** Opens a client that sends `Connect`. */
  static async connect(
    url: string,
    connect: Record<string, unknown> = {},
    version?: string,
  ): Promise<SyncClient> {
    const client = await SyncClient.open(url, version);
    client.say({
      type: "Connect",
      sessionId: "session",
      connectionCount: 0,
      lastCloseReason: "InitialConnect",
      clientTs: 0,
      ...connect,
    });
    return client;
  }

  say(message: unknown): void {
    this.socket.send(
      typeof message === "string" ? message : JSON.stringify(message),
    );
  }

  /** Adds one query; version and id count up from one. */
  watch(
    udfPath: string,
    args: unknown = {},
    { id = 1, ...more }: { id?: number; [key: string]: unknown } = {},
  ): void {
    this.say({
      type: "ModifyQuerySet",
      baseVersion: id - 1,
      newVersion: id,
      modifications: [
        { type: "Add", queryId: id, udfPath, args: [args], ...more },
      ],
    });
  }

  call(
    type: "Mutation" | "Action",
    requestId: number,
    udfPath: string,
    args: unknown = {},
  ): void {
    this.say({ type, requestId, udfPath, args: [args] });
  }

  /** The next message of a type; those before it are passed over. */
  async next<T extends ServerMessage["type"]>(type: T): Promise<Message<T>> {
    for (;;) {
      const message = await this.#nextOfAny();
      if (message === undefined) {
        throw new Error(`The socket closed before a ${type} came.`);
      }
      if (message.type === type) return message as Message<T>;
    }
  }

  /** The code and reason with which the deployment closed. */
  async closed(): Promise<{ code: number; reason: string }> {
    while (this.#closed === undefined) await this.#somethingHappens();
    return this.#closed;
  }

  drop(): void {
    this.socket.terminate();
  }

  async #nextOfAny(): Promise<ServerMessage | undefined> {
    while (this.#read === this.received.length) {
      if (this.#closed !== undefined) return undefined;
      await this.#somethingHappens();
    }
    return this.received[this.#read++];
  }

  #somethingHappens(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
