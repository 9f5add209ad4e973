const MAX_REQUESTS = 1_000;
/** Limit for the text of waiting requests. */
const MAX_CHARACTERS = 64 * 1024 * 1024;

/**
 * Bounds the requests of one client that wait: beyond the limit its socket is read no further,
 * which the client feels as a slow network.
 */
export class Intake {
  readonly #socket: { pause(): void; resume(): void };
  #requests = 0;
  #characters = 0;

  constructor(socket: { pause(): void; resume(): void }) {
    this.#socket = socket;
  }

  /** Counts a request as waiting and returns the function to call when it is answered. */
  admit(characters: number): () => void {
    this.#count(1, characters);
    return () => this.#count(-1, -characters);
  }

  #count(requests: number, characters: number): void {
    const wasFull = this.#isFull;
    this.#requests += requests;
    this.#characters += characters;
    if (this.#isFull && !wasFull) this.#socket.pause();
    if (!this.#isFull && wasFull) this.#socket.resume();
  }

  get #isFull(): boolean {
    return this.#requests >= MAX_REQUESTS || this.#characters >= MAX_CHARACTERS;
  }
}
