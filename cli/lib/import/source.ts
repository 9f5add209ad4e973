import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import type { CliContext } from "../../context.js";
import { CliError, messageOf } from "../errors.js";

export interface Source {
  /** Reads from the start; blank lines are left out, but counted. */
  lines(): AsyncIterable<{ line: number; text: string }>;
  close(): Promise<void>;
}

/** A file, or for `-` what comes on stdin, kept in a temporary file since it is read twice. */
export async function openSource(
  context: CliContext,
  file: string,
): Promise<Source> {
  if (file === "-") return await spool(context);
  const path = resolve(context.cwd, file);
  if (!existsSync(path)) {
    throw new CliError(
      "usage",
      `There is no file ${path}. Give the path of a JSONL file, or - to read from stdin.`,
    );
  }
  return { lines: () => readLines(path), close: async () => {} };
}

async function spool(context: CliContext): Promise<Source> {
  const folder = await mkdtemp(join(tmpdir(), "sessions-ops-"));
  const close = () => rm(folder, { recursive: true, force: true });
  const path = join(folder, "stdin.jsonl");
  try {
    await pipeline(context.stdin, createWriteStream(path, { mode: 0o600 }));
  } catch (error) {
    await close();
    throw error;
  }
  return { lines: () => readLines(path), close };
}

async function* readLines(
  path: string,
): AsyncGenerator<{ line: number; text: string }> {
  const input = createReadStream(path);
  try {
    let line = 0;
    for await (const raw of createInterface({ input, crlfDelay: Infinity })) {
      line += 1;
      const text = line === 1 ? raw.replace(/^\ufeff/, "") : raw;
      if (text.trim() !== "") yield { line, text };
    }
  } catch (error) {
    throw new CliError(
      "failure",
      `Reading ${path} failed: ${messageOf(error)}`,
    );
  } finally {
    input.destroy();
  }
}
