import type { Clock } from "../../clock.js";

/** A connection as the heartbeat sees it. */
export interface Peer {
  /** Time of the last message sent to the client, and of its last sign of life. */
  readonly sentAtMs: number;
  readonly heardAtMs: number;
  /** Tells the client that the deployment is there. */
  ping(): void;
  /** Asks the client's WebSocket for a sign of life. */
  probe(): void;
  drop(): void;
}

const BEAT_MS = 5_000;
/** Longest silence of the deployment; a client takes one that is silent for a minute for dead. */
const SILENCE_MS = 15_000;
const DEAD_MS = 120_000;

/** Keeps quiet connections alive, and closes those whose other end is gone. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #peers = new Set<Peer>();
  #timer: unknown;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Adds a connection and returns the function that removes it. Without connections no timer runs.
   */
  add(peer: Peer): () => void {
    this.#peers.add(peer);
    if (this.#peers.size === 1) this.#schedule();
    return () => {
      this.#peers.delete(peer);
      if (this.#peers.size === 0) this.#clock.clearTimeout(this.#timer);
    };
  }

  #schedule(): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#schedule();
      this.#beat();
    }, BEAT_MS);
  }

  #beat(): void {
    const now = this.#clock.now();
    for (const peer of this.#peers) {
      if (now - peer.heardAtMs >= DEAD_MS) {
        peer.drop();
        continue;
      }
      peer.probe();
      if (now - peer.sentAtMs >= SILENCE_MS) peer.ping();
    }
  }
}
