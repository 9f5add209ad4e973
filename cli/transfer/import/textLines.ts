import type { Readable } from "node:stream";
import { CliError, messageOf } from "../../errors.js";

export interface SourceLine {
  /** The line's number, counted from 1. */
  line: number;
  text: string;
}

/** A text that sessions are imported from, a line each. */
export interface Source {
  /** The name of the source, as people know it. */
  readonly name: string;
  /** Reads the lines from the start; blank ones are left out, but counted. */
  lines(): AsyncIterable<SourceLine>;
  close(): Promise<void>;
}

/**
 * The longest line: many times the size of any row of a session; an export splits those with very many
 * actions.
 */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const NEWLINE = 10;

/**
 * Reads the lines that are not blank, numbered; blank ones are left out, but counted.
 * @throws failure, which names what was read
 */
export async function* readLines(
  input: Readable,
  name: string,
): AsyncGenerator<SourceLine> {
  try {
    let line = 0;
    for await (const raw of linesOf(input)) {
      line += 1;
      const text = line === 1 ? raw.replace(/^\ufeff/, "") : raw;
      if (text.trim() !== "") yield { line, text };
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(
      "failure",
      `Reading ${name} failed: ${messageOf(error)}`,
    );
  }
}

/**
 * The lines of a text in UTF-8, read only as they are asked for. `readline` reads up to a thousand
 * ahead, however long they are, and from Node 22 on ends them at U+2028 as well, which JSON may hold.
 * @throws on a line that no row can be, before it fills the memory
 */
export async function* linesOf(text: Readable): AsyncGenerator<string> {
  let number = 1;
  let begun: Buffer[] = [];
  let begunBytes = 0;
  for await (const chunk of text as AsyncIterable<Buffer>) {
    let start = 0;
    for (
      let end = chunk.indexOf(NEWLINE);
      end >= 0;
      end = chunk.indexOf(NEWLINE, start)
    ) {
      yield toLine([...begun, chunk.subarray(start, end)]);
      number += 1;
      begun = [];
      begunBytes = 0;
      start = end + 1;
    }
    begun.push(chunk.subarray(start));
    begunBytes += chunk.length - start;
    if (begunBytes > MAX_LINE_BYTES) throw tooLong(number);
  }
  if (begunBytes > 0) yield toLine(begun);
}

/** The line without the carriage return that Windows adds to its end. */
function toLine(parts: Buffer[]): string {
  return Buffer.concat(parts).toString().replace(/\r$/, "");
}

function tooLong(number: number): Error {
  return new Error(
    `line ${number} is longer than ${MAX_LINE_BYTES / 1024 / 1024} MiB: a file to import has one session a line, not all of them in one`,
  );
}
