/** The destination of an export: a file of its own, or an existing pipe or device. */
import { randomUUID } from "node:crypto";
import { createWriteStream, type Stats } from "node:fs";
import {
  link,
  lstat,
  open,
  readlink,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import type { Writable } from "node:stream";
import { CliError, codeOf } from "../../errors.js";

export interface Destination {
  /** Gives `write` the stream to write to; the file is there only once that has resolved. */
  use(write: (output: Writable) => Promise<void>): Promise<void>;
}

/**
 * Checks the destination before anything is asked of a deployment.
 * @param options.force over a file that is there
 * @throws usage, for what would be replaced unasked, or by a file where it is none
 */
export async function openDestination(
  path: string,
  { force = false }: { force?: boolean },
): Promise<Destination> {
  const there = await lstat(path).catch(ifMissing);
  if (there === null) return newFile(path);
  // The target of a link like /dev/stdout is no file that could be replaced.
  const found = await stat(path).catch(ifMissing);
  if (found?.isFIFO() || found?.isCharacterDevice()) {
    return { use: (write) => write(createWriteStream(path)) };
  }
  if (there.isSymbolicLink()) {
    throw new CliError(
      "usage",
      `${path} is a symbolic link to ${await readlink(path)}. Name the file itself, so that it is clear what is written over.`,
    );
  }
  if (!there.isFile()) {
    throw new CliError(
      "usage",
      `${path} is ${whatItIs(there)}. Name a file, or - for stdout.`,
    );
  }
  if (!force) throw exists(path);
  return { use: (write) => throughPart(path, write, rename) };
}

function newFile(path: string): Destination {
  const place = async (part: string): Promise<void> => {
    try {
      // Unlike a renaming, a link never replaces a file that somebody has put there meanwhile.
      await link(part, path);
    } catch (error) {
      if (codeOf(error) === "EEXIST") throw exists(path);
      if (!NO_LINKS.includes(codeOf(error) ?? "")) throw error;
      return await rename(part, path);
    }
    await rm(part);
  };
  return { use: (write) => throughPart(path, write, place) };
}

/** The errors of file systems that have no hard links. */
const NO_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

/** Writes a file that has its name only once it is whole and on disk; only its owner can read it. */
async function throughPart(
  path: string,
  write: (output: Writable) => Promise<void>,
  place: (part: string, path: string) => Promise<void>,
): Promise<void> {
  // Nobody can have put a file of this name there before, nor a link that leads elsewhere.
  const part = `${path}.${randomUUID()}.part`;
  const handle = await open(part, "wx", 0o600);
  try {
    await write(handle.createWriteStream({ flush: true }));
    await place(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

function exists(path: string): CliError {
  return new CliError(
    "usage",
    `${path} exists already. Name another file, or pass --force to write over it.`,
  );
}

function whatItIs(there: Stats): string {
  if (there.isDirectory()) return "a folder";
  return there.isSocket() ? "a socket" : "a device";
}

function ifMissing(error: unknown): null {
  if (codeOf(error) === "ENOENT") return null;
  throw error;
}
