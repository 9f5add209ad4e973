/** The tables in the ZIP that `npx convex export` writes: for each a folder with one document a line. */
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { openPromise, type Entry, type ZipFile } from "yauzl";
import { CliError, messageOf } from "../../errors.js";
import { printable } from "../../terminal/printable.js";
import { readLines, type SourceLine } from "./textLines.js";

export interface ZippedTable {
  /** The path of the component, as in `a/b`; empty for the app itself. */
  readonly component: string;
  readonly table: string;
  /** The size of the table when it is unpacked. */
  readonly sizeBytes: number;
  /** Reads the table's documents from the start, each time it is called. */
  lines(): AsyncGenerator<SourceLine>;
}

export interface ZippedTables {
  readonly tables: readonly ZippedTable[];
  close(): void;
}

const DOCUMENTS =
  /^(?<folders>(?:_components\/[^/]+\/)*)(?<table>[^/_][^/]*)\/documents\.jsonl$/;
const SHAPE = /(?:^|\/)generated_schema\.jsonl$/;

/**
 * Finds all tables; neither documents nor the list of entries is kept in memory.
 * @param name of the file, as people know it
 * @throws usage, for what is no such ZIP
 */
export async function openTables(
  path: string,
  name: string,
): Promise<ZippedTables> {
  const options = { lazyEntries: true, autoClose: false };
  const zip = await openPromise(path, options).catch((error: unknown) =>
    unreadable(name, messageOf(error)),
  );
  const found = new Map<string, ZippedTable>();
  const shapes = new Map<string, Entry>();
  try {
    for await (const entry of zip.eachEntry()) {
      const { fileName } = entry;
      if (SHAPE.test(fileName)) shapes.set(folderOf(fileName), entry);
      const groups = DOCUMENTS.exec(fileName)?.groups;
      if (groups === undefined) continue;
      if (found.has(fileName)) unreadable(name, `it has ${fileName} twice`);
      found.set(fileName, toTable(zip, entry, name, groups, shapes));
    }
  } catch (error) {
    zip.close();
    if (error instanceof CliError) throw error;
    unreadable(name, messageOf(error));
  }
  return { tables: [...found.values()], close: () => zip.close() };
}

function toTable(
  zip: ZipFile,
  entry: Entry,
  name: string,
  { folders = "", table = "" }: Record<string, string>,
  shapes: ReadonlyMap<string, Entry>,
): ZippedTable {
  const component = [...folders.matchAll(/_components\/([^/]+)\//g)]
    .map(([, part]) => part)
    .join("/");
  async function* lines(): AsyncGenerator<SourceLine> {
    const shape = shapes.get(folderOf(entry.fileName));
    if (shape !== undefined) await checkShape(zip, shape, name);
    const documents = await openEntry(zip, entry, name);
    yield* readLines(documents, `${entry.fileName} in ${name}`);
  }
  return { component, table, sizeBytes: entry.uncompressedSize, lines };
}

function folderOf(fileName: string): string {
  return fileName.slice(0, fileName.lastIndexOf("/") + 1);
}

/**
 * Refuses exports of old versions, which had values that JSON lacks as strings, and beside them what
 * they were.
 */
async function checkShape(
  zip: ZipFile,
  entry: Entry,
  name: string,
): Promise<void> {
  const shape = await text(await openEntry(zip, entry, name));
  if (shape.trim() === '"uniform"') return;
  unreadable(
    name,
    `its ${entry.fileName} is not "uniform", so its numbers may be texts, as in exports that Convex no longer writes; export it anew`,
  );
}

async function openEntry(
  zip: ZipFile,
  entry: Entry,
  name: string,
): Promise<Readable> {
  const { fileName, compressionMethod } = entry;
  if (entry.isEncrypted()) {
    unreadable(
      name,
      `its ${fileName} is encrypted; unpack it with its password`,
    );
  }
  if (!entry.canDecodeFileData()) {
    unreadable(
      name,
      `its ${fileName} is compressed by method ${compressionMethod}, not by deflate; pack it again`,
    );
  }
  return await zip
    .openReadStreamPromise(entry)
    .catch((error: unknown) =>
      unreadable(name, `its ${fileName}: ${messageOf(error)}`),
    );
}

function unreadable(name: string, problem: string): never {
  throw new CliError(
    "usage",
    `${name} begins like a ZIP file and cannot be read as one of \`npx convex export\`: ${printable(problem)}.`,
  );
}
