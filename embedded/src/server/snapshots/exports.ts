import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { JSONValue } from "convex/values";
import type { Clock } from "../../clock.js";
import { integerJson } from "../../database/transactions/commitTs.js";
import type { Database } from "../../database/database.js";
import type { Transaction } from "../../database/transactions/transaction.js";
import { openPieces } from "../../files/pieces.js";
import type { StoredFiles } from "../../files/storedFiles.js";
import { recordIn, type AuditActor } from "../auditLog.js";
import { HttpError, badRequest } from "../http/http.js";
import type { Log } from "../log.js";
import { writeSnapshotZip } from "./snapshotZip.js";

/** Parts of the deployment that exports use. */
export interface ExportServices {
  readonly database: Database;
  readonly clock: Clock;
  readonly files: StoredFiles;
  readonly dataDir: string;
  readonly log: Log;
}

/** A finished export's file. */
export interface ExportFile {
  readonly name: string;
  readonly sizeBytes: number;
  open(): Promise<ReadableStream<Uint8Array>>;
}

const STATE_KEY = "export/latest";
const FOLDER = "exports";

type ExportState = "requested" | "in_progress" | "completed" | "failed";

/**
 * Exports: snapshots of the whole deployment as ZIP files, one at a time. The latest is kept until
 * the next one is asked for.
 */
export class Exports {
  readonly #services: ExportServices;
  readonly #folder: string;
  #running: Promise<void> | undefined;

  constructor(services: ExportServices) {
    this.#services = services;
    this.#folder = join(services.dataDir, FOLDER);
  }

  /** Takes the snapshot now and writes its file, with stored files or without, in the background. */
  async request(
    { withFiles }: { withFiles: boolean },
    actor: AuditActor,
  ): Promise<void> {
    if (this.#running !== undefined) {
      throw badRequest(
        "ExportInProgress",
        "An export is being written. Only one can be at a time: wait for it to finish, and try again.",
      );
    }
    const { database, files } = this.#services;
    // What the snapshot shows must not be removed before it is written.
    const letGo = withFiles ? files.hold() : () => undefined;
    const snapshot = database.read();
    this.#running = this.#write(snapshot, withFiles).finally(() => {
      snapshot.release();
      letGo();
      this.#running = undefined;
    });
    // The caller hears of a failure through the export's state.
    this.#running.catch((error: unknown) =>
      this.#services.log(`An export failed: ${String(error)}`),
    );
    await this.#show("in_progress", snapshot.ts, (tx) =>
      recordIn(tx, actor, "", "request_export", {
        id: String(snapshot.ts),
        format: withFiles ? "zip_with_storage" : "zip",
        requestor: "snapshotExport",
      }),
    );
  }

  /** The file of a finished export, by the timestamp it was taken at. */
  async find(ts: string): Promise<ExportFile> {
    const name = `snapshot_${ts}.zip`;
    const path = join(this.#folder, name);
    const found = /^\d+$/.test(ts)
      ? await stat(path).catch(ignoreMissing)
      : undefined;
    if (found === undefined) {
      throw new HttpError(
        404,
        "ExportNotFound",
        `There is no export of the timestamp ${ts.slice(0, 40)}. Only the latest one is kept.`,
      );
    }
    return {
      name,
      sizeBytes: found.size,
      open: () => openPieces(path, 0, found.size),
    };
  }

  /** Marks an export as failed that a stop cut short. */
  async recover(): Promise<void> {
    const tx = this.#services.database.read();
    const stored = tx.meta.get(STATE_KEY);
    tx.release();
    if (stored === undefined) return;
    const { state, start_ts } = JSON.parse(stored) as {
      state: ExportState;
      start_ts: string;
    };
    if (state === "in_progress") await this.#show("failed", BigInt(start_ts));
  }

  /** Waits for the export under way. */
  async close(): Promise<void> {
    await this.#running?.catch(() => undefined);
  }

  async #write(snapshot: Transaction, withFiles: boolean): Promise<void> {
    const { clock, files } = this.#services;
    try {
      await rm(this.#folder, { recursive: true, force: true });
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await writeSnapshotZip(
        snapshot,
        join(this.#folder, `snapshot_${snapshot.ts}.zip`),
        new Date(clock.now()),
        withFiles ? files : undefined,
      );
    } catch (error) {
      await this.#show("failed", snapshot.ts);
      throw error;
    }
    await this.#show("completed", snapshot.ts);
  }

  async #show(
    state: ExportState,
    ts: bigint,
    record: (tx: Transaction) => void = () => undefined,
  ): Promise<void> {
    const { durable } = await this.#services.database.write((tx) => {
      record(tx);
      tx.meta.put(STATE_KEY, JSON.stringify({ state, start_ts: String(ts) }));
    });
    await durable;
  }
}

/** The state of the latest export, as the CLI follows it. */
export function latestExport(snapshot: Transaction): JSONValue {
  const stored = snapshot.readMeta(STATE_KEY);
  if (stored === undefined) return null;
  const { state, start_ts } = JSON.parse(stored) as {
    state: ExportState;
    start_ts: string;
  };
  if (state !== "completed") return { state };
  const ts = JSON.parse(integerJson(BigInt(start_ts))) as JSONValue;
  return {
    state,
    start_ts: ts,
    complete_ts: ts,
    zip_object_key: `snapshot_${start_ts}.zip`,
  };
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
  return undefined;
}
