/** One session as lines: those with very many visits or actions take several. */
import type { Visit } from "../../../convex/sessionTracker/shared/visits.js";
import {
  sessionLine,
  visitText,
  withCopies,
  type LineSession,
} from "../lineFormat.js";

/**
 * The most visits and actions in a line; the session goes on in another one, and `import` brings its lines
 * together again.
 */
const LINE_ROWS = 1_000;
const LINE_CHARS = 1_024 * 1_024;

export interface Written {
  /** Finished visits. */
  visits: number;
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
  /** The last visit, until it is in a line: it has no row among the others, and comes after them. */
  #lastVisit: Visit | undefined;
  #visits: string[] = [];
  #actions: string[] = [];
  #chars = 0;
  #sameTime: string[] = [];
  #at: number | null = null;

  /**
   * @param written counts what has been given out, while it is
   * @param more fields of each line that `import` ignores
   */
  constructor(
    of: LineSession & { session: { lastVisit?: Visit } },
    written: Written,
    more: Record<string, unknown> = {},
    options: { withoutIds?: boolean } = {},
  ) {
    this.#more = more;
    this.#options = options;
    this.#of = of;
    this.#lastVisit = of.session.lastVisit;
    this.#written = written;
  }

  /** Adds a finished visit that has a row; they come oldest first, and before all actions. */
  *addVisit(visit: Visit): Generator<string> {
    if (this.#isFull()) yield this.#write();
    const text = visitText(visit, this.#options);
    this.#visits.push(text);
    this.#chars += text.length;
    this.#written.visits += 1;
  }

  /** Adds an action. @param text of the action; those of one session come in order of time */
  *add(at: number, text: string): Generator<string> {
    yield* this.#addLastVisit();
    if (at !== this.#at) {
      yield* this.#settle();
      this.#at = at;
    }
    this.#sameTime.push(text);
  }

  *end(): Generator<string> {
    yield* this.#addLastVisit();
    yield* this.#settle();
    yield this.#write();
  }

  *#addLastVisit(): Generator<string> {
    const visit = this.#lastVisit;
    this.#lastVisit = undefined;
    if (visit !== undefined) yield* this.addVisit(visit);
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
    const fits = copies <= LINE_ROWS && copies * text.length <= LINE_CHARS;
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
    const rows = this.#visits.length + this.#actions.length;
    return rows >= LINE_ROWS || this.#chars >= LINE_CHARS;
  }

  #write(): string {
    const line = sessionLine(
      this.#of,
      { visits: this.#visits, actions: this.#actions },
      this.#more,
      this.#options,
    );
    this.#written.lines += 1;
    this.#visits = [];
    this.#actions = [];
    this.#chars = 0;
    return line;
  }
}
