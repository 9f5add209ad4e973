import { createReadStream, createWriteStream, type Stats } from "node:fs";
import { mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pipeline, type Readable } from "node:stream";
import { pipeline as pipelined } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { CliContext } from "../../context.js";
import { CliError, codeOf } from "../../errors.js";
import { openBackup, type TableChoice } from "./backup.js";
import { readLines, type Source } from "./textLines.js";

/**
 * Opens a file, or for `-` stdin; a source that can be read only once, as a pipe, is kept in a
 * temporary file, since it is read twice. The first bytes tell the format: JSONL, plain or gzipped, or
 * a ZIP of `npx convex export`.
 */
export async function openSource(
  context: CliContext,
  file: string,
  choice: TableChoice,
): Promise<Source> {
  if (file === "-") return await spool(context, context.stdin, "stdin", choice);
  const path = resolve(context.cwd, file);
  const found = await lookAt(path);
  if (found.isFile()) return await openFile(context, path, path, choice);
  return await spool(context, createReadStream(path), path, choice);
}

async function lookAt(path: string): Promise<Stats> {
  const found = await stat(path).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  });
  if (found !== null && !found.isDirectory() && !found.isBlockDevice()) {
    return found;
  }
  throw new CliError(
    "usage",
    `${found === null ? `There is no file ${path}` : `${path} is no file`}. Give the path of a JSONL file or of the ZIP of an export, or - to read from stdin.`,
  );
}

async function spool(
  context: CliContext,
  input: NodeJS.ReadableStream,
  name: string,
  choice: TableChoice,
): Promise<Source> {
  const folder = await mkdtemp(join(tmpdir(), "sessions-ops-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  const path = join(folder, "input");
  try {
    await pipelined(input, createWriteStream(path, { mode: 0o600 }));
    const source = await openFile(context, path, name, choice);
    const close = () => source.close().finally(remove);
    return { ...source, close };
  } catch (error) {
    await remove();
    throw error;
  }
}

const ZIP_MAGIC = "504b";
const GZIP_MAGIC = "1f8b";

async function openFile(
  context: CliContext,
  path: string,
  name: string,
  choice: TableChoice,
): Promise<Source> {
  const magic = await firstBytes(path);
  if (magic === ZIP_MAGIC) {
    return await openBackup(context, path, name, choice);
  }
  const lines = () => readLines(openText(path, magic === GZIP_MAGIC), name);
  return { name, lines, close: () => Promise.resolve() };
}

function openText(path: string, isZipped: boolean): Readable {
  const file = createReadStream(path);
  if (!isZipped) return file;
  const text = createGunzip();
  // An error of the file is that of `text`, where it is looked for.
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
