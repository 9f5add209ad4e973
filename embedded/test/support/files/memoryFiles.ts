import type { FileDisk } from "../../../src/files/fileDisk.js";

/** Files in memory, for engines whose data are there too. */
export class MemoryFiles implements FileDisk {
  readonly #files = new Map<string, Uint8Array>();
  readonly #unsettled = new Set<string>();

  async write(key: string, source: AsyncIterable<Uint8Array>): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of source) chunks.push(chunk);
    this.#files.set(key, Buffer.concat(chunks));
    this.#unsettled.add(key);
  }

  settle(key: string): Promise<void> {
    this.#unsettled.delete(key);
    return Promise.resolve();
  }

  unsettled(): Promise<string[]> {
    return Promise.resolve([...this.#unsettled]);
  }

  open(
    key: string,
    start: number,
    end: number,
  ): Promise<ReadableStream<Uint8Array> | null> {
    const bytes = this.#files.get(key);
    if (bytes === undefined) return Promise.resolve(null);
    return Promise.resolve(
      new ReadableStream<Uint8Array>({
        start(controller) {
          if (end > start) controller.enqueue(bytes.subarray(start, end));
          controller.close();
        },
      }),
    );
  }

  remove(key: string): Promise<void> {
    this.#files.delete(key);
    this.#unsettled.delete(key);
    return Promise.resolve();
  }

  /** Keys of all files, settled or not. */
  get keys(): string[] {
    return [...this.#files.keys()].sort();
  }
}
