import {
  createHash,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { EmbeddedError } from "../../errors.js";
import { replaceFile } from "../../storage/directory/files.js";

/** Name of the key's file in the data directory. */
const ADMIN_KEY_FILE = "admin-key";

const MIN_KEY_LENGTH = 16;
/** A longer key is refused unread. */
const MAX_KEY_LENGTH = 1_024;

/**
 * The secret that opens everything: pushes, internal functions, components.
 * It is kept out of every log line and error; only {@link AdminKey.value} has it.
 */
export class AdminKey {
  readonly #value: string;
  readonly #digest: Buffer;

  constructor(value: string) {
    // A ':' would end the key in `Authorization: Convex <key>:<identity>`.
    if (
      value.length < MIN_KEY_LENGTH ||
      value.length > MAX_KEY_LENGTH ||
      !/^[\x21-\x39\x3b-\x7e]+$/.test(value)
    )
      throw new EmbeddedError(
        "invalidArgument",
        `An admin key needs ${MIN_KEY_LENGTH} to ${MAX_KEY_LENGTH} printable ASCII characters without spaces and ":". Leave it out to have one made.`,
      );
    this.#value = value;
    this.#digest = digest(value);
  }

  get value(): string {
    return this.#value;
  }

  /** Compares digests, so that it takes the same time whatever the candidate. */
  matches(candidate: string): boolean {
    return (
      candidate.length <= MAX_KEY_LENGTH &&
      timingSafeEqual(this.#digest, digest(candidate))
    );
  }

  /** A secret of its own for one purpose, of which the key cannot be told. */
  secretFor(purpose: string): Buffer {
    return createHmac("sha256", this.#value).update(purpose).digest();
  }

  /** The form for `JSON.stringify` and `util.inspect`, without the secret. */
  toJSON(): string {
    return "[admin key]";
  }
}

/**
 * The key of a data directory: `given` (which is written down for the tools that read the file),
 * else the key the directory already has, else a new random one.
 */
export async function loadAdminKey(
  dataDir: string,
  given?: string,
): Promise<AdminKey> {
  const file = join(dataDir, ADMIN_KEY_FILE);
  const stored = await readIfPresent(file);
  const key = new AdminKey(
    given ?? stored ?? `embedded|${randomBytes(32).toString("hex")}`,
  );
  if (key.value !== stored) {
    await replaceFile(file, `${key.value}\n`);
  }
  await chmod(file, 0o600);
  return key;
}

/**
 * The key in `file`. An empty file counts as none: there is no key in it that anybody could have.
 */
async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, "utf8")).trim() || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function digest(value: string): Buffer {
  return createHash("sha256").update(value).digest();
}
