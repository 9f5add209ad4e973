import type { Clock } from "../../clock.js";

/** What the heart beats for. */
export interface Peer {
  /** Milliseconds of the last thing sent to it, and of the last sign of life. */
  readonly sentAtMs: number;
  readonly heardAtMs: number;
  /** Tells the client that the deployment is there. */
  ping(): void;
  /** Asks the client's WebSocket for a sign of life. */
  probe(): void;
  drop(): void;
}

const BEAT_MS = 5_000;
/** A client takes a deployment that is silent for a minute for dead. */
const SILENCE_MS = 15_000;
const DEAD_MS = 120_000;

/** Keeps quiet connections alive, and gives up those whose other end is gone. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #peers = new Set<Peer>();
  #timer: unknown;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns how to leave. It does not beat for nobody. */
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
