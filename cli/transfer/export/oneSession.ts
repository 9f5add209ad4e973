/** One session as lines: those with very many actions take several. */
import { sessionLine, withCopies, type LineSession } from "../lineFormat.js";

/**
 * The most actions in a line; the session goes on in another one, and `import` brings its lines
 * together again.
 */
const LINE_ACTIONS = 1_000;
const LINE_CHARS = 1_024 * 1_024;

export interface Written {
  actions: number;
  lines: number;
}

/**
 * The lines of a session. Actions of one time are ordered by their content, since the order in which
 * they were stored is lost when they are imported; and equal ones stay in one line, since an import
 * compares them as a group.
 */
export class SessionLines {
  readonly #of: LineSession;
  readonly #written: Written;
  readonly #more: Record<string, unknown>;
  readonly #options: { withoutIds?: boolean };
  #actions: string[] = [];
  #chars = 0;
  #sameTime: string[] = [];
  #at: number | null = null;

  /**
   * @param written counts what has been given out, while it is
   * @param more fields of each line that `import` ignores
   */
  constructor(
    of: LineSession,
    written: Written,
    more: Record<string, unknown> = {},
    options: { withoutIds?: boolean } = {},
  ) {
    this.#more = more;
    this.#options = options;
    this.#of = of;
    this.#written = written;
  }

  /** Adds an action. @param text of the action; those of one session come in order of time */
  *add(at: number, text: string): Generator<string> {
    if (at !== this.#at) {
      yield* this.#settle();
      this.#at = at;
    }
    this.#sameTime.push(text);
  }

  *end(): Generator<string> {
    yield* this.#settle();
    yield this.#write();
  }

  *#settle(): Generator<string> {
    const texts = this.#sameTime.sort();
    this.#sameTime = [];
    for (let first = 0, next = 0; first < texts.length; first = next) {
      const text = texts[first]!;
      while (texts[next] === text) next += 1;
      if (this.#isFull()) yield this.#write();
      this.#addCopies(text, next - first);
    }
  }

  #addCopies(text: string, copies: number): void {
    const fits = copies <= LINE_ACTIONS && copies * text.length <= LINE_CHARS;
    const texts = fits
      ? Array<string>(copies).fill(text)
      : [withCopies(text, copies)];
    for (const each of texts) {
      this.#actions.push(each);
      this.#chars += each.length;
    }
    this.#written.actions += copies;
  }

  #isFull(): boolean {
    return this.#actions.length >= LINE_ACTIONS || this.#chars >= LINE_CHARS;
  }

  #write(): string {
    const line = sessionLine(
      this.#of,
      this.#actions,
      this.#more,
      this.#options,
    );
    this.#written.lines += 1;
    this.#actions = [];
    this.#chars = 0;
    return line;
  }
}
