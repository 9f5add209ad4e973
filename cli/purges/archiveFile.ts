/**
 * The file of an archived purge: one gzip member a page, which any gunzip reads as one stream of
 * lines. Each member says in its header (an extra field, RFC 1952) how long it is and which page
 * it holds, so that what a crash tore off, or left without being deleted, is found and cut off.
 */
import { open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { gunzipSync, gzip } from "node:zlib";
import { promisify } from "node:util";
import { CliError, codeOf } from "../errors.js";
import { shellCommand } from "../terminal/shell.js";

const compress = promisify(gzip);

/** The fixed part of a gzip header, the length of the extra field, and its only subfield. */
const FIXED_BYTES = 10;
const SUBFIELD_ID = "so";
const SUBFIELD_BYTES = 4 + 8;
const HEADER_BYTES = FIXED_BYTES + 2 + SUBFIELD_BYTES;
const HAS_EXTRA_FIELD = 4;

/** The page number of a first, empty member that says that the archive is one without ids. */
const WITHOUT_IDS = 0xffffffff;

export class ArchiveFile {
  readonly path: string;
  /** Whether its lines leave out who the visitor was, whoever goes on with it. */
  readonly withoutIds: boolean;
  readonly #handle: FileHandle;
  #size: number;
  /** The page appended last, unless it was taken off again. */
  lastPage: number | null = null;
  /** The offset at which the last member starts. */
  #lastStart: number;

  private constructor(
    path: string,
    handle: FileHandle,
    { size, withoutIds }: { size: number; withoutIds: boolean },
  ) {
    this.path = path;
    this.withoutIds = withoutIds;
    this.#handle = handle;
    this.#size = size;
    this.#lastStart = size;
  }

  /** Creates the archive, never over a file that is there; only its owner can read it. */
  static async create(
    path: string,
    { withoutIds = false }: { withoutIds?: boolean } = {},
  ): Promise<ArchiveFile> {
    const handle = await open(path, "wx+", 0o600).catch((error: unknown) => {
      if (codeOf(error) !== "EEXIST") throw error;
      throw new CliError(
        "usage",
        `${path} exists already and is not written over. Name another file; to go on with the run that it belongs to, \`${shellCommand("sessions-ops", "runs", "resume", "RUN_ID", "--archive", path)}\`.`,
      );
    });
    // The file's name is on disk once its folder is.
    const folder = await open(dirname(path), "r");
    await folder.sync().finally(() => folder.close());
    const mark = withoutIds ? await toMember(WITHOUT_IDS, "") : Buffer.alloc(0);
    await writeWhole(handle, mark, 0);
    return new ArchiveFile(path, handle, { size: mark.length, withoutIds });
  }

  /** Opens a file that this run has written, whatever a crash made of its end. */
  static async reopen(path: string, runId: string): Promise<ArchiveFile> {
    const handle = await open(path, "r+").catch((error: unknown) => {
      if (codeOf(error) !== "ENOENT") throw error;
      throw new CliError(
        "usage",
        `There is no archive ${path} to go on with. Run ${runId} goes on only with the file it was started with.`,
      );
    });
    const found = await handle.stat();
    const { size } = found;
    // A pipe or a device would take bytes that it cannot give back.
    if (found.isFile() && (await isArchiveOf(handle, size, runId))) {
      const withoutIds = await isMarked(handle);
      return new ArchiveFile(path, handle, { size, withoutIds });
    }
    await handle.close();
    throw new CliError(
      "usage",
      `${path} is not an archive of run ${runId}: go on with the file that the run was started with.`,
    );
  }

  /**
   * Cuts off all pages after this one: they are torn, or were never deleted.
   * @param options.isThere the run has deleted this page, so it must be in the file
   */
  async cutAfter(page: number, { isThere }: { isThere: boolean }) {
    let end = 0;
    let last = -1;
    for await (const member of membersOf(this.#handle)) {
      const isMark = member.page === WITHOUT_IDS;
      if (member.page > page && !isMark) break;
      end = member.end;
      if (!isMark) last = member.page;
    }
    if (isThere && last !== page) {
      throw new CliError(
        "failure",
        `${this.path} ends before page ${page}, which its run has deleted: it is not the whole archive. Go on with the file that is, or cancel the run.`,
      );
    }
    await this.#handle.truncate(end);
    await this.#handle.sync();
    this.#size = end;
    this.#lastStart = end;
  }

  /** Appends a page. Resolves when it is on disk. */
  async append(page: number, lines: string): Promise<void> {
    const member = await toMember(page, lines);
    this.#lastStart = this.#size;
    await writeWhole(this.#handle, member, this.#size);
    this.#size += member.length;
    this.lastPage = page;
    await this.#handle.datasync();
  }

  /** Takes the last page off again: its sessions were not deleted. */
  async dropLast(): Promise<void> {
    this.#size = this.#lastStart;
    this.lastPage = null;
    await this.#handle.truncate(this.#size);
  }

  async close(): Promise<void> {
    await this.#handle.sync();
    await this.#handle.close();
  }
}

// ── Members ─────────────────────────────────────────────────────────────────

async function toMember(page: number, lines: string): Promise<Buffer> {
  const plain = await compress(lines);
  const header = Buffer.alloc(HEADER_BYTES);
  plain.copy(header, 0, 0, FIXED_BYTES);
  header.writeUInt8(HAS_EXTRA_FIELD, 3);
  header.writeUInt16LE(SUBFIELD_BYTES, FIXED_BYTES);
  header.write(SUBFIELD_ID, FIXED_BYTES + 2, "latin1");
  header.writeUInt16LE(8, FIXED_BYTES + 4);
  header.writeUInt32LE(
    plain.length - FIXED_BYTES + HEADER_BYTES,
    FIXED_BYTES + 6,
  );
  header.writeUInt32LE(page, FIXED_BYTES + 10);
  return Buffer.concat([header, plain.subarray(FIXED_BYTES)]);
}

interface Member {
  start: number;
  end: number;
  page: number;
}

/** Goes from member to member by their lengths; ends before a torn member. */
async function* membersOf(handle: FileHandle): AsyncGenerator<Member> {
  const { size } = await handle.stat();
  const header = Buffer.alloc(HEADER_BYTES);
  for (let start = 0; start + HEADER_BYTES <= size;) {
    await handle.read(header, 0, HEADER_BYTES, start);
    const isOurs =
      header.readUInt16BE(0) === 0x1f8b &&
      header.readUInt8(3) === HAS_EXTRA_FIELD &&
      header.toString("latin1", FIXED_BYTES + 2, FIXED_BYTES + 4) ===
        SUBFIELD_ID;
    const end = start + header.readUInt32LE(FIXED_BYTES + 6);
    if (!isOurs || end > size) return;
    yield { start, end, page: header.readUInt32LE(FIXED_BYTES + 10) };
    start = end;
  }
}

/** Whether the file is this run's archive: each page begins with a line that names its run. */
async function isArchiveOf(
  handle: FileHandle,
  size: number,
  runId: string,
): Promise<boolean> {
  for await (const { start, end, page } of membersOf(handle)) {
    if (page === WITHOUT_IDS) continue;
    const member = Buffer.alloc(end - start);
    await handle.read(member, 0, member.length, start);
    const line = gunzipSync(member).toString().split("\n")[0] ?? "";
    const head = JSON.parse(line) as { archive?: { runId?: unknown } };
    return head.archive?.runId === runId;
  }
  // A crash before the first page leaves an empty file, or the beginning of that page.
  const start = Buffer.alloc(Math.min(size, HEADER_BYTES));
  await handle.read(start, 0, start.length, 0);
  const isHeader =
    start.length === HEADER_BYTES &&
    start.includes(SUBFIELD_ID, FIXED_BYTES + 2, "latin1");
  return size === 0 || isHeader;
}

async function isMarked(handle: FileHandle): Promise<boolean> {
  for await (const { page } of membersOf(handle)) return page === WITHOUT_IDS;
  return false;
}

/** Writes all bytes. A disk that fills up takes the first part of a write, and refuses only the rest. */
async function writeWhole(
  handle: FileHandle,
  bytes: Buffer,
  start: number,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const left = bytes.length - at;
    const { bytesWritten } = await handle.write(bytes, at, left, start + at);
    at += bytesWritten;
  }
}
