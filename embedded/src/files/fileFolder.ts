import {
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  type FileHandle,
} from "node:fs/promises";
import { join } from "node:path";
import { EmbeddedError } from "../errors.js";
import { makeDirectory, syncDirectory } from "../storage/directory/files.js";
import { STORAGE_KEY, type FileDisk } from "./fileDisk.js";
import { openPieces } from "./pieces.js";

const FOLDER = "files";
/** Folder of unsettled files, the only one that a start looks through. */
const UNSETTLED = "unsettled";

/**
 * Files in `<dataDir>/files`, readable by their owner alone. A settled one lies in one of 65,536
 * folders by the first four digits of its key, so that no folder gets large.
 */
export class FileFolder implements FileDisk {
  readonly #folder: string;
  readonly #unsettled: string;
  #made: Promise<void> | undefined;

  constructor(dataDir: string) {
    this.#folder = join(dataDir, FOLDER);
    this.#unsettled = join(this.#folder, UNSETTLED);
  }

  async write(key: string, source: AsyncIterable<Uint8Array>): Promise<void> {
    const path = this.#unsettledPath(key);
    await onDisk(() => (this.#made ??= this.#make()));
    const file = await onDisk(() => open(path, "wx", 0o600));
    try {
      for await (const chunk of source) {
        await onDisk(() => writeAll(file, chunk));
      }
      await onDisk(() => file.sync());
    } catch (error) {
      await file.close();
      await rm(path, { force: true });
      throw error;
    }
    await file.close();
    await onDisk(() => syncDirectory(this.#unsettled));
  }

  async settle(key: string): Promise<void> {
    const [from, to] = [this.#unsettledPath(key), this.#settledPath(key)];
    const move = () => rename(from, to).then(() => true);
    const moved = await move().catch(ifMissing(false));
    if (moved) return;
    // Either its folder is not there yet, or the file is settled.
    await mkdir(join(to, ".."), { recursive: true, mode: 0o700 });
    await move().catch(ifMissing(false));
  }

  async unsettled(): Promise<string[]> {
    await assertNoLink(this.#folder);
    await assertNoLink(this.#unsettled);
    const names = await readdir(this.#unsettled).catch(ifMissing([]));
    return names.filter((name) => STORAGE_KEY.test(name));
  }

  async open(
    key: string,
    start: number,
    end: number,
  ): Promise<ReadableStream<Uint8Array> | null> {
    const places = [
      this.#settledPath(key),
      this.#unsettledPath(key),
      // It may have been settled between the two looks.
      this.#settledPath(key),
    ];
    for (const place of places) {
      const stream = await openPieces(place, start, end).catch(ifMissing(null));
      if (stream !== null) return stream;
    }
    return null;
  }

  async remove(key: string): Promise<void> {
    await rm(this.#unsettledPath(key), { force: true });
    await rm(this.#settledPath(key), { force: true });
  }

  async #make(): Promise<void> {
    try {
      await makeDirectory(this.#unsettled);
    } catch (error) {
      this.#made = undefined;
      throw error;
    }
  }

  #unsettledPath(key: string): string {
    return join(this.#unsettled, checked(key));
  }

  #settledPath(key: string): string {
    const name = checked(key);
    return join(this.#folder, name.slice(0, 2), name.slice(2, 4), name);
  }
}

/** A key that cannot name anything but a file of the folder. */
function checked(key: string): string {
  if (STORAGE_KEY.test(key)) return key;
  throw new EmbeddedError(
    "internal",
    `${JSON.stringify(key)} is no storage key`,
  );
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  let written = 0;
  while (written < chunk.length) {
    const { bytesWritten } = await file.write(
      chunk,
      written,
      chunk.length - written,
    );
    written += bytesWritten;
  }
}

/** Does something on disk, whose own errors become ones that say so. */
async function onDisk<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new EmbeddedError(
      "fileNotStored",
      `The file could not be stored: ${code ?? message}. ${code === "ENOSPC" ? "The disk is full." : "The disk of the data directory refused it."}`,
      { cause },
    );
  }
}

/** Refuses a folder that is a link, through which files would lie elsewhere. */
async function assertNoLink(path: string): Promise<void> {
  const found = await lstat(path).catch(ifMissing(null));
  if (found === null || found.isDirectory()) return;
  throw new EmbeddedError(
    "storageFailed",
    `${path} must be a directory, and no link to one. Move what it leads to in its place.`,
  );
}

function ifMissing<T>(value: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code !== "ENOENT") throw error;
    return value;
  };
}
