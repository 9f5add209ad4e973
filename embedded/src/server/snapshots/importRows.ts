import type { Readable } from "node:stream";
import { parse as csvParser } from "csv-parse";
import { badRequest, type HttpError } from "../http/http.js";

/** Convex's own limit, since JSON arrays are read whole; lines and CSV have no such limit. */
const MAX_JSON_ARRAY_BYTES = 16 * 1_024 * 1_024;
/** Limit for a line: a document of the largest size in its longest spelling. */
const MAX_LINE_LENGTH = 16 * 1_024 * 1_024;

/** Rows of a file, one at a time. */
export type Rows = AsyncIterable<unknown>;

/** Rows of a file with one JSON value a line. */
export async function* jsonLines(file: Readable): Rows {
  let number = 0;
  for await (const line of lines(file)) {
    number += 1;
    if (line.trim() === "") continue;
    yield parseJson(line, `Row ${number} is not JSON`);
  }
}

/** Rows of a file that is one JSON array. */
export async function* jsonArray(file: Readable): Rows {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of file as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_JSON_ARRAY_BYTES) {
      throw badRows(
        `The file is larger than the ${MAX_JSON_ARRAY_BYTES} bytes that a JSON array may have. Write it as JSON lines.`,
      );
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  const value = parseJson(text, "The file is not JSON");
  if (!Array.isArray(value)) throw badRows("The file is not a JSON array.");
  yield* value as unknown[];
}

/**
 * Rows of a CSV file with a header. A cell that reads as a number becomes one.
 * @param optional fields that an empty cell leaves out
 */
export async function* csvRows(
  file: Readable,
  optional: ReadonlySet<string>,
): Rows {
  const parser = file.pipe(csvParser({ bom: true }));
  file.once("error", (error) => parser.destroy(error));
  let header: string[] | undefined;
  try {
    for await (const cells of parser as AsyncIterable<string[]>) {
      if (header === undefined) {
        header = cells.map((cell) => cell.trim());
        continue;
      }
      const entries = header.map((name, i) => [name, cells[i]!] as const);
      yield Object.fromEntries(
        entries
          .filter(([name, cell]) => cell !== "" || !optional.has(name))
          .map(([name, cell]) => [name, csvValue(cell)]),
      );
    }
  } catch (cause) {
    if (!isCsvError(cause)) throw cause;
    throw badRows(`The CSV file cannot be read: ${cause.message}.`);
  }
  if (header === undefined) throw badRows("The CSV file has no header.");
}

/** The refusal of a file for its contents. */
export function badRows(message: string): HttpError {
  return badRequest("ImportFailed", message);
}

function csvValue(cell: string): string | number {
  return NUMBER.test(cell) ? Number(cell) : cell;
}

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,2})?$/i;

function isCsvError(error: unknown): error is Error {
  return (
    error instanceof Error &&
    String((error as { code?: unknown }).code).startsWith("CSV_")
  );
}

async function* lines(file: Readable): AsyncIterable<string> {
  file.setEncoding("utf8");
  let rest = "";
  for await (const chunk of file as AsyncIterable<string>) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop()!;
    yield* parts;
    if (rest.length > MAX_LINE_LENGTH) {
      throw badRows(`A row is longer than ${MAX_LINE_LENGTH} characters.`);
    }
  }
  if (rest !== "") yield rest;
}

function parseJson(text: string, problem: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRows(`${problem}: ${(error as SyntaxError).message}.`);
  }
}
