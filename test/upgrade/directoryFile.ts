/** A directory as one small file. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { deserialize, serialize } from "node:v8";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";

/** Files that are made anew by whoever opens the directory without them. */
const MADE_ANEW = ["admin-key", "data.lmdb-lock"];

export async function packDirectory(folder: string): Promise<Buffer> {
  const files = new Map<string, Buffer>();
  const entries = await readdir(folder, {
    recursive: true,
    withFileTypes: true,
  });
  for (const entry of entries) {
    if (!entry.isFile() || MADE_ANEW.includes(entry.name)) continue;
    const file = path.join(entry.parentPath, entry.name);
    files.set(path.relative(folder, file), await readFile(file));
  }
  return brotliCompressSync(serialize(files), {
    params: {
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    },
  });
}

export async function unpackDirectory(
  file: string,
  folder: string,
): Promise<void> {
  const packed = brotliDecompressSync(await readFile(file));
  const files = deserialize(packed) as Map<string, Uint8Array>;
  for (const [name, bytes] of files) {
    const to = path.join(folder, name);
    await mkdir(path.dirname(to), { recursive: true });
    await writeFile(to, bytes);
  }
}
