import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pipeline, type Readable } from "node:stream";
import { pipeline as pipelined } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { CliContext } from "../../context.js";
import { CliError, messageOf } from "../errors.js";
import { linesOf } from "./textLines.js";
import { openTable } from "./zip.js";

export interface Source {
  /** Reads from the start; blank lines are left out, but counted. */
  lines(): AsyncIterable<{ line: number; text: string }>;
  close(): Promise<void>;
}

/**
 * A file, or for `-` what comes on stdin, kept in a temporary file since it is read twice. JSONL,
 * plain or gzipped, or a ZIP of `npx convex export`: what it is is told by its first bytes.
 * @param table of the ZIP
 */
export async function openSource(
  context: CliContext,
  file: string,
  table: string,
): Promise<Source> {
  if (file === "-") return await spool(context, table);
  const path = resolve(context.cwd, file);
  if (!existsSync(path)) {
    throw new CliError(
      "usage",
      `There is no file ${path}. Give the path of a JSONL file or of the ZIP of an export, or - to read from stdin.`,
    );
  }
  return { lines: () => readLines(path, table), close: async () => {} };
}

async function spool(context: CliContext, table: string): Promise<Source> {
  const folder = await mkdtemp(join(tmpdir(), "sessions-ops-"));
  const close = () => rm(folder, { recursive: true, force: true });
  const path = join(folder, "stdin");
  try {
    await pipelined(context.stdin, createWriteStream(path, { mode: 0o600 }));
  } catch (error) {
    await close();
    throw error;
  }
  return { lines: () => readLines(path, table), close };
}

async function* readLines(
  path: string,
  table: string,
): AsyncGenerator<{ line: number; text: string }> {
  const input = await openText(path, table);
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
      `Reading ${path} failed: ${messageOf(error)}`,
    );
  }
}

const ZIP_MAGIC = "504b";
const GZIP_MAGIC = "1f8b";

async function openText(path: string, table: string): Promise<Readable> {
  const magic = await firstBytes(path);
  if (magic === ZIP_MAGIC) return await openTable(path, table);
  const file = createReadStream(path);
  if (magic !== GZIP_MAGIC) return file;
  const text = createGunzip();
  // Its error is that of `text`, where it is looked for.
  pipeline(file, text, () => {});
  return text;
}

async function firstBytes(path: string): Promise<string> {
  const handle = await open(path);
  try {
    const start = Buffer.alloc(2);
    const { bytesRead } = await handle.read(start, 0, 2, 0);
    return start.toString("hex", 0, bytesRead);
  } finally {
    await handle.close();
  }
}
