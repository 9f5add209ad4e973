import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ZipFile } from "yazl";
import type { Transaction } from "../../database/transactions/transaction.js";
import type { StoredFiles } from "../../files/storedFiles.js";
import { addStoredFiles } from "./storedFilesZip.js";

/** Limits for one page of a table, the only part of the table that is in memory. */
const PAGE = { documents: 1_000, bytes: 4 * 1_024 * 1_024 };

const README = `A snapshot of an embedded Convex-compatible deployment, in the format of Convex's exports:
each table is a folder with documents.jsonl, one document a line, and each component a folder
under _components. \`npx convex import\` takes it, here and on Convex.
`;

/**
 * Writes every table of every component to a ZIP file, as the snapshot shows them. One page of
 * documents at a time is in memory, however large the tables.
 * @param files - stored files to write too, if any
 */
export async function writeSnapshotZip(
  snapshot: Transaction,
  path: string,
  mtime: Date,
  files?: StoredFiles,
): Promise<void> {
  const zip = new ZipFile();
  const { outputStream } = zip;
  // What cannot be read ends the pipeline; nobody else listens.
  zip.on("error", (error: Error) => (outputStream as Readable).destroy(error));
  const add = (name: string, text: () => Iterable<string>) =>
    zip.addReadStreamLazy(name, { mtime, compress: true }, (take) =>
      take(null, Readable.from(text(), { objectMode: false })),
    );
  add("README.md", () => [README]);
  for (const component of snapshot.componentPaths()) {
    const folder = folderOf(component);
    const tables = tablesOf(snapshot, component);
    add(`${folder}_tables/documents.jsonl`, () =>
      tables.map((table) => `${JSON.stringify(table)}\n`),
    );
    for (const { name } of tables) {
      add(`${folder}${name}/documents.jsonl`, () =>
        documentLines(snapshot, component, name),
      );
      // The file says that values are written as Convex writes them everywhere else.
      add(`${folder}${name}/generated_schema.jsonl`, () => ['"uniform"\n']);
    }
  }
  if (files !== undefined) {
    // Last, as they take longest.
    for (const component of snapshot.componentPaths()) {
      const folder = folderOf(component);
      addStoredFiles(zip, snapshot, files, component, folder, mtime);
    }
  }
  zip.end();
  await pipeline(outputStream, createWriteStream(path, { mode: 0o600 }));
}

/** Folder of a component in the ZIP: `_components/a/_components/b/` for `a/b`. */
function folderOf(component: string): string {
  if (component === "") return "";
  return component
    .split("/")
    .map((name) => `_components/${name}/`)
    .join("");
}

function tablesOf(
  snapshot: Transaction,
  component: string,
): { name: string; id: number }[] {
  return snapshot
    .tableNames(component)
    .map((name) => ({ name, id: snapshot.table(component, name)!.number }))
    .sort((a, b) => a.id - b.id);
}

function* documentLines(
  snapshot: Transaction,
  component: string,
  tableName: string,
): Iterable<string> {
  let cursor: string | null = null;
  for (;;) {
    // A view for each page, since a view counts its reads.
    const view = snapshot.snapshotView();
    const { page, isDone, continueCursor } = view.queryPage(component, {
      query: {
        source: { type: "FullTableScan", tableName, order: "asc" },
        operators: [],
      },
      cursor,
      pageSize: PAGE.documents,
      maximumBytesRead: PAGE.bytes,
    });
    if (page.length > 0) yield page.map(({ json }) => `${json}\n`).join("");
    if (isDone) return;
    cursor = continueCursor;
  }
}
