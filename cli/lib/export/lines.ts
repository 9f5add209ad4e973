/** All sessions as lines, in the order of their anonymousIds, with no more than a page in memory. */
import type { Returns, WholeSession } from "../api.js";
import type { ComponentClient } from "../client.js";
import { actionText, sessionLine } from "../sessionLines.js";

export interface Exported {
  sessions: number;
  actions: number;
  lines: number;
}

/** A session goes on in another line after so much; `import` brings its lines together again. */
const LINE_ACTIONS = 1_000;
const LINE_CHARS = 1_024 * 1_024;

/** @param exported counts what has been given out, while it is */
export async function* exportLines(
  client: ComponentClient,
  exported: Exported,
): AsyncGenerator<string> {
  let line: Line | null = null;
  for await (const piece of pieces(client)) {
    if (line?.of.session.sessionId !== piece.session.sessionId) {
      if (line !== null) yield* line.end();
      line = new Line(piece, exported);
    }
    for (const action of piece.actions) {
      yield* line.add(action.at, actionText(action));
    }
  }
  if (line !== null) yield* line.end();
}

async function* pieces(client: ComponentClient): AsyncGenerator<WholeSession> {
  let cursor: Returns<"exporting:page">["cursor"] = null;
  do {
    const page: Returns<"exporting:page"> = await client.query(
      "exporting:page",
      { cursor },
    );
    yield* page.sessions;
    cursor = page.cursor;
  } while (cursor !== null);
}

/**
 * The line of a session as it grows. Actions of one time are ordered by what they say, since the
 * order in which they were stored is lost when they are imported; and they stay in one line, since
 * an import compares them as a group.
 */
class Line {
  readonly of: WholeSession;
  readonly #exported: Exported;
  #actions: string[] = [];
  #chars = 0;
  #sameTime: string[] = [];
  #at: number | null = null;

  constructor(of: WholeSession, exported: Exported) {
    this.of = of;
    this.#exported = exported;
    exported.sessions += 1;
  }

  *add(at: number, text: string): Generator<string> {
    if (at !== this.#at) {
      this.#settle();
      this.#at = at;
      const isFull =
        this.#actions.length >= LINE_ACTIONS || this.#chars >= LINE_CHARS;
      if (isFull) yield this.#write();
    }
    this.#sameTime.push(text);
  }

  *end(): Generator<string> {
    this.#settle();
    yield this.#write();
  }

  #settle(): void {
    for (const text of this.#sameTime.sort()) {
      this.#actions.push(text);
      this.#chars += text.length;
    }
    this.#sameTime = [];
  }

  #write(): string {
    const line = sessionLine(this.of, this.#actions);
    this.#exported.lines += 1;
    this.#exported.actions += this.#actions.length;
    this.#actions = [];
    this.#chars = 0;
    return line;
  }
}
