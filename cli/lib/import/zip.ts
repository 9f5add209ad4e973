/** The ZIP that `npx convex export` writes: a folder for each table, with one document a line. */
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { open, type Entry, type ZipFile } from "yauzl";
import { CliError, messageOf } from "../errors.js";

const openZip = promisify<string, object, ZipFile>(open as never);

const DOCUMENTS = /^([^/]+)\/documents\.jsonl$/;

/** The documents of a table as text; neither they nor the list of entries is kept in memory. */
export async function openTable(
  path: string,
  table: string,
): Promise<Readable> {
  let zip: ZipFile;
  try {
    zip = await openZip(path, { lazyEntries: true, autoClose: false });
  } catch (error) {
    throw new CliError(
      "usage",
      `${path} begins like a ZIP file and cannot be read as one: ${messageOf(error)}`,
    );
  }
  const tables: string[] = [];
  for await (const entry of entriesOf(zip)) {
    const name = DOCUMENTS.exec(entry.fileName)?.[1];
    if (name === table) return await openEntry(zip, entry);
    if (name !== undefined && !name.startsWith("_")) tables.push(name);
  }
  zip.close();
  throw new CliError(
    "usage",
    `${path} has no table ${JSON.stringify(table)}; it has ${tables.join(", ") || "none"}. Name the one with the sessions by --table.`,
  );
}

async function* entriesOf(zip: ZipFile): AsyncGenerator<Entry> {
  for (;;) {
    const entry = await new Promise<Entry | null>((resolve, reject) => {
      zip.once("entry", resolve);
      zip.once("end", () => resolve(null));
      zip.once("error", reject);
      zip.readEntry();
    });
    zip.removeAllListeners();
    if (entry === null) return;
    yield entry;
  }
}

async function openEntry(zip: ZipFile, entry: Entry): Promise<Readable> {
  const text = await new Promise<Readable>((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error) reject(error);
      else resolve(stream);
    });
  });
  text.once("close", () => zip.close());
  return text;
}
