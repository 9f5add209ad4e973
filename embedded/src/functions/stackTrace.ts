import {
  SourceMap,
  type SourceMapPayload,
  type SourceMapping,
} from "node:module";
import type { JSONValue } from "convex/values";
import { EmbeddedError } from "../errors.js";
import { valueProblem } from "./execution/valueLimits.js";
import { compileSourceMap, SCRIPT_PREFIX, WRAPPER_LINES } from "./transform.js";
import type { ModuleSource } from "./types.js";

/** A thrown value as callers see it: Convex's text, and a ConvexError's data. */
export interface DescribedError {
  readonly message: string;
  readonly data?: JSONValue;
}

/**
 * Describes any value that user code threw: `Uncaught Error: why` and the frames of pushed modules,
 * in the places of their sources where a source map was pushed.
 */
export async function describeThrown(
  thrown: unknown,
  findModule: (path: string) => ModuleSource | undefined,
): Promise<DescribedError> {
  if (thrown instanceof EmbeddedError) {
    const { message, data } = thrown;
    return data === undefined ? { message } : { message, data };
  }
  const error = asError(thrown);
  if (error === undefined) {
    return { message: `Uncaught ${safeString(thrown)}\n` };
  }
  const problem = error.data === undefined ? null : valueProblem(error.data);
  if (problem !== null) {
    return { message: `ConvexError with invalid data: ${problem}` };
  }
  const frames = await mappedFrames(error.stack, findModule);
  const message = `Uncaught ${error.name}: ${error.message}\n${frames.map((frame) => `    at ${frame}\n`).join("")}`;
  return error.data === undefined ? { message } : { message, data: error.data };
}

interface ReadError {
  name: string;
  message: string;
  stack: string;
  data?: JSONValue;
}

/** Reads an error of any context. Its properties are user code and may throw. */
function asError(thrown: unknown): ReadError | undefined {
  if (thrown === null || typeof thrown !== "object") {
    return undefined;
  }
  try {
    const { name, message, stack, data, ConvexErrorSymbol } = thrown as Record<
      string,
      unknown
    >;
    if (typeof message !== "string") {
      return undefined;
    }
    const read: ReadError = {
      name: typeof name === "string" ? name : "Error",
      message,
      stack: typeof stack === "string" ? stack : "",
    };
    if (
      ConvexErrorSymbol === Symbol.for("ConvexError") &&
      typeof data === "string"
    ) {
      read.data = JSON.parse(data) as JSONValue;
    }
    return read;
  } catch {
    // A getter threw while the error was being described: the error is described as a value.
    return undefined;
  }
}

function safeString(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "a value that cannot be converted to a string";
  }
}

const FRAME = new RegExp(
  `^ +at (?:(.*) \\()?${SCRIPT_PREFIX}(.+?):(\\d+):(\\d+)\\)?$`,
);

async function mappedFrames(
  stack: string,
  findModule: (path: string) => ModuleSource | undefined,
): Promise<string[]> {
  const frames: string[] = [];
  for (const line of stack.split("\n")) {
    const match = FRAME.exec(line);
    if (match === null) {
      continue;
    }
    const [, name, file = "", row, column] = match;
    const place = await originalPlace(
      findModule(file),
      file,
      Number(row) - 1 - WRAPPER_LINES,
      Number(column) - 1,
    );
    frames.push(
      name === undefined || name === "" ? place : `${name} (${place})`,
    );
  }
  return frames;
}

const sourceMaps = new WeakMap<ModuleSource, Promise<SourceMap>>();

async function originalPlace(
  module: ModuleSource | undefined,
  file: string,
  line: number,
  column: number,
): Promise<string> {
  if (module === undefined) {
    return file;
  }
  let map = sourceMaps.get(module);
  if (map === undefined) {
    map = compileSourceMap(module).then(
      (text) => new SourceMap(JSON.parse(text) as SourceMapPayload),
    );
    sourceMaps.set(module, map);
  }
  const entry: Partial<SourceMapping> = (await map).findEntry(line, column);
  return entry.originalSource === undefined
    ? file
    : `${entry.originalSource}:${(entry.originalLine ?? 0) + 1}:${(entry.originalColumn ?? 0) + 1}`;
}
