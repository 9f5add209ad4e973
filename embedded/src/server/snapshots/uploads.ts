import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { badRequest } from "../http/http.js";

/** Limit for started uploads; the CLI has one at a time. */
const MAX_UPLOADS = 8;
const MAX_PARTS = 10_000;

/** Uploads under way, stored part by part in a folder that is emptied at every start. */
export class Uploads {
  readonly #folder: string;
  readonly #open = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Deletes the uploads of an earlier run. */
  async clear(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async start(): Promise<string> {
    for (const oldest of this.#open) {
      if (this.#open.size < MAX_UPLOADS) break;
      await this.#drop(oldest);
    }
    const token = randomUUID();
    await mkdir(join(this.#folder, token), { recursive: true, mode: 0o700 });
    this.#open.add(token);
    return token;
  }

  /** Stores one part and returns its token, for {@link finish}. */
  async addPart(token: string, number: number, data: Buffer): Promise<string> {
    this.#checkToken(token);
    if (!Number.isInteger(number) || number < 1 || number > MAX_PARTS) {
      throw badRequest(
        "InvalidUpload",
        `partNumber must be from 1 to ${MAX_PARTS}, not ${number}.`,
      );
    }
    await writeFile(this.#part(token, String(number)), data, { mode: 0o600 });
    return String(number);
  }

  /** Joins the parts, in the order of their tokens, into one file. */
  async finish(
    token: string,
    parts: readonly string[],
    path: string,
  ): Promise<void> {
    this.#checkToken(token);
    if (!parts.every((part) => /^[1-9]\d{0,4}$/.test(part))) {
      throw badRequest(
        "InvalidUpload",
        "partTokens must be those of the parts.",
      );
    }
    const files = parts.map((part) => this.#part(token, part));
    try {
      await pipeline(
        Readable.from(contents(files)),
        createWriteStream(path, { mode: 0o600 }),
      );
    } finally {
      await this.#drop(token);
    }
  }

  #part(token: string, part: string): string {
    return join(this.#folder, token, part);
  }

  async #drop(token: string): Promise<void> {
    this.#open.delete(token);
    await rm(join(this.#folder, token), { recursive: true, force: true });
  }

  #checkToken(token: string): void {
    if (this.#open.has(token)) return;
    throw badRequest(
      "InvalidUpload",
      "The upload is not known: it was finished, or the deployment was restarted. Import again.",
    );
  }
}

async function* contents(files: readonly string[]): AsyncIterable<unknown> {
  for (const file of files) yield* createReadStream(file);
}
