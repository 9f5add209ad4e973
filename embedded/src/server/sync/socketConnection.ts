import type { IncomingMessage } from "node:http";
import type { WebSocket } from "ws";
import type { Clock } from "../../clock.js";
import { ipOf } from "../http/node.js";
import type { WireText } from "./queries/transitionText.js";
import type { Peer } from "./heartbeat.js";
import type { ServerMessage } from "./messages.js";
import type { SyncConnection } from "./session.js";
import type { UnreadBudget } from "./unreadBudget.js";

/**
 * Limit for bytes that a client leaves unread. One message may be larger; no second is sent after
 * it.
 */
const MAX_UNREAD_BYTES = 32 * 1024 * 1024;

/** The most that a close frame holds. */
const MAX_REASON_BYTES = 123;

/** One WebSocket as sessions and the heartbeat see it. */
export class SocketConnection implements SyncConnection, Peer {
  readonly #webSocket: WebSocket;
  readonly #request: IncomingMessage;
  readonly #clock: Clock;
  readonly #unread: UnreadBudget;
  #sentAtMs: number;
  #heardAtMs: number;
  #unreadShared: readonly Buffer[] = [];

  constructor(
    webSocket: WebSocket,
    request: IncomingMessage,
    clock: Clock,
    unread: UnreadBudget,
  ) {
    this.#webSocket = webSocket;
    this.#request = request;
    this.#clock = clock;
    this.#unread = unread;
    this.#sentAtMs = this.#heardAtMs = clock.now();
  }

  /**
   * Sends a message. A client that does not read is dropped: when it returns, it asks again for
   * what it missed.
   */
  send(message: ServerMessage): void {
    if (this.dropIfUnread()) return;
    this.#sentAtMs = this.#clock.now();
    const text = JSON.stringify(message);
    this.#webSocket.send(text);
    this.#unread.sent(text.length);
  }

  sendText(message: WireText, taken: () => void): void {
    if (this.dropIfUnread()) return;
    this.#sentAtMs = this.#clock.now();
    const fragments = toFragments(message);
    this.#unreadShared = message.filter(isShared);
    const whenTaken = () => {
      this.#unreadShared = [];
      taken();
    };
    const { socket } = this.#request;
    // All fragments with one call of the system.
    socket.cork();
    for (const [n, fragment] of fragments.entries()) {
      const fin = n === fragments.length - 1;
      const options = { binary: false, fin };
      this.#webSocket.send(fragment, options, fin ? whenTaken : undefined);
      this.#unread.sent(fragment.length);
    }
    socket.uncork();
  }

  /**
   * Drops a client that leaves too much unread.
   * @returns whether it was dropped
   */
  dropIfUnread(): boolean {
    const isTooMuch = this.unreadBytes > MAX_UNREAD_BYTES;
    if (isTooMuch) this.drop();
    return isTooMuch;
  }

  get unreadBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  get unreadShared(): readonly Buffer[] {
    return this.#unreadShared;
  }

  close(code: number, reason: string): void {
    this.#webSocket.close(
      code,
      Buffer.from(reason).subarray(0, MAX_REASON_BYTES).toString(),
    );
  }

  drop(): void {
    this.#webSocket.terminate();
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.heard();
    this.#webSocket.resume();
  }

  get ip(): string | null {
    return ipOf(this.#request);
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  heard(): void {
    this.#heardAtMs = this.#clock.now();
  }

  get sentAtMs(): number {
    return this.#sentAtMs;
  }

  /** Time of the last sign of life. A paused socket cannot show any, so it counts as alive. */
  get heardAtMs(): number {
    return this.#webSocket.isPaused ? this.#clock.now() : this.#heardAtMs;
  }

  ping(): void {
    this.send({ type: "Ping" });
  }

  probe(): void {
    this.#webSocket.ping();
  }
}

/** Buffers from here on are sent as they are; shorter pieces are joined. */
const LEAST_SHARED_BYTES = 16 * 1024;

/** The frames of a message: what is large stays the buffer that others send, too. */
function toFragments(message: WireText): Buffer[] {
  const fragments: Buffer[] = [];
  let joined: Buffer[] = [];
  const join = () => {
    if (joined.length > 0) fragments.push(Buffer.concat(joined));
    joined = [];
  };
  for (const piece of message) {
    if (isShared(piece)) {
      join();
      fragments.push(piece);
    } else {
      joined.push(typeof piece === "string" ? Buffer.from(piece) : piece);
    }
  }
  join();
  return fragments;
}

function isShared(piece: string | Buffer): piece is Buffer {
  return typeof piece !== "string" && piece.length >= LEAST_SHARED_BYTES;
}
