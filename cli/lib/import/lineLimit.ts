import { Transform, type TransformCallback } from "node:stream";

/** Many times what any row of a session takes; an export splits those with very many actions. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const NEWLINE = 10;

/** Passes text on, and fails on a line that no row can be, before it fills the memory. */
export class LineLimit extends Transform {
  #line = 1;
  #lineBytes = 0;

  override _transform(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: TransformCallback,
  ): void {
    let start = 0;
    for (
      let end = chunk.indexOf(NEWLINE);
      end >= 0;
      end = chunk.indexOf(NEWLINE, start)
    ) {
      start = end + 1;
      this.#line += 1;
      this.#lineBytes = 0;
    }
    this.#lineBytes += chunk.length - start;
    if (this.#lineBytes <= MAX_LINE_BYTES) return done(null, chunk);
    const limit = `${MAX_LINE_BYTES / 1024 / 1024} MiB`;
    done(
      new Error(
        `line ${this.#line} is longer than ${limit}: a file to import has one session a line, not all of them in one`,
      ),
    );
  }
}
