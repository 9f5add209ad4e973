import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { JSONValue } from "convex/values";
import type { Clock } from "../../clock.js";
import { integerJson } from "../../database/transactions/commitTs.js";
import type { Database } from "../../database/database.js";
import { optionalFieldsOf } from "../../database/imports/staging.js";
import type { Transaction } from "../../database/transactions/transaction.js";
import { EmbeddedError } from "../../errors.js";
import type { StoredFiles } from "../../files/storedFiles.js";
import { recordEvents, type AuditActor } from "../auditLog.js";
import { badRequest } from "../http/http.js";
import type { Log } from "../log.js";
import { openImportFile, type ImportFile } from "./importFile.js";
import { importEvent } from "./importEvent.js";
import { describePlan, othersOf, planImport } from "./importPlan.js";
import type { ImportRequest } from "./importRequest.js";
import { runImport, type ImportProgress } from "./importRun.js";
import { Uploads } from "./uploads.js";

/** Parts of the deployment that imports use. */
export interface ImportServices {
  readonly database: Database;
  readonly clock: Clock;
  readonly files: StoredFiles;
  readonly dataDir: string;
  readonly log: Log;
}

type ImportState =
  | { state: "uploaded" }
  | {
      state: "waiting_for_confirmation";
      message_to_confirm: string;
      require_manual_confirmation: boolean;
    }
  | {
      state: "in_progress";
      progress_message: string;
      checkpoint_messages: string[];
    }
  | { state: "completed"; num_rows_written: JSONValue }
  | { state: "failed"; error_message: string };

interface ImportRecord {
  readonly _id: string;
  readonly _creationTime: number;
  readonly request: ImportRequest;
  readonly state: ImportState;
}

const PREFIX = "import/";
/**
 * Limit for imports whose outcome is remembered, and whose file is kept until they are confirmed.
 */
const MAX_REMEMBERED = 20;

/**
 * Imports of files that the CLI uploads, checked at once and written when it confirms, one after
 * the other.
 */
export class Imports {
  readonly uploads: Uploads;
  readonly #services: ImportServices;
  readonly #folder: string;
  readonly #stopped = new AbortController();
  #last: Promise<void> = Promise.resolve();

  constructor(services: ImportServices) {
    this.#services = services;
    this.#folder = join(services.dataDir, "imports");
    this.uploads = new Uploads(this.#folder);
  }

  /** Marks imports as failed that a stop cut short. */
  async recover(): Promise<void> {
    await this.uploads.clear();
    await this.#services.database.write((tx) => {
      for (const record of allRecords(tx)) {
        const { state } = record.state;
        if (state === "completed" || state === "failed") continue;
        put(tx, { ...record, state: failed("The deployment was restarted.") });
      }
    });
  }

  /** Takes an upload over and checks it; the outcome is in the import's state. */
  async begin(
    uploadToken: string,
    partTokens: readonly string[],
    request: ImportRequest,
  ): Promise<string> {
    const { database, clock } = this.#services;
    const id = randomUUID();
    await this.uploads.finish(uploadToken, partTokens, this.#file(id));
    const record: ImportRecord = {
      _id: id,
      _creationTime: clock.now(),
      request,
      state: { state: "uploaded" },
    };
    const { value: forgotten } = await database.write((tx) => {
      put(tx, record);
      return forgetOldest(tx);
    });
    for (const old of forgotten) await this.#removeFile(old);
    this.#enqueue(id, () => this.#check(id, request));
    return id;
  }

  /** Starts an import that was checked. */
  async confirm(id: string, actor: AuditActor): Promise<void> {
    const { value: request } = await this.#services.database.write((tx) => {
      const record = get(tx, id);
      if (record?.state.state !== "waiting_for_confirmation") {
        throw notWaiting(id, record);
      }
      put(tx, { ...record, state: inProgress("Importing") });
      return record.request;
    });
    this.#enqueue(id, () => this.#run(id, request, actor));
  }

  /** Cancels an import that is not confirmed yet. */
  async cancel(id: string): Promise<void> {
    await this.#services.database.write((tx) => {
      const record = get(tx, id);
      if (record?.state.state !== "waiting_for_confirmation") {
        throw notWaiting(id, record);
      }
      put(tx, { ...record, state: failed("The import was canceled.") });
    });
    await this.#removeFile(id);
  }

  /** Stops after the batch under way. */
  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#last;
  }

  #enqueue(id: string, work: () => Promise<void>): void {
    this.#last = this.#last
      .then(work)
      .catch((error: unknown) => this.#fail(id, error))
      .catch((error: unknown) =>
        this.#services.log(`An import failed: ${String(error)}`),
      );
  }

  async #check(id: string, request: ImportRequest): Promise<void> {
    const file = await this.#open(id, request);
    const snapshot = this.#services.database.read();
    try {
      const plans = await planImport(file);
      const { message, deletes } = describePlan(plans, request.mode, snapshot);
      await this.#change(id, {
        state: "waiting_for_confirmation",
        message_to_confirm: message,
        require_manual_confirmation: deletes,
      });
    } finally {
      snapshot.release();
      file.close();
    }
  }

  async #run(
    id: string,
    request: ImportRequest,
    actor: AuditActor,
  ): Promise<void> {
    const file = await this.#open(id, request);
    try {
      const plans = await planImport(file);
      await runImport(
        this.#services,
        plans,
        request.mode,
        progressOf(id, (tx) => {
          const deleted =
            request.mode === "replaceAll" ? othersOf(plans, tx) : [];
          recordEvents(tx, actor, [importEvent(request, plans, deleted)]);
        }),
        this.#stopped.signal,
      );
    } finally {
      file.close();
    }
    await this.#removeFile(id);
  }

  #open(id: string, request: ImportRequest): Promise<ImportFile> {
    const { database } = this.#services;
    return openImportFile(this.#file(id), request, (component, table) => {
      const tx = database.read();
      try {
        return optionalFieldsOf(tx, component, table);
      } finally {
        tx.release();
      }
    });
  }

  async #fail(id: string, error: unknown): Promise<void> {
    const isExpected = error instanceof EmbeddedError;
    if (!isExpected)
      this.#services.log(`Import ${id} failed: ${String(error)}`);
    const message = isExpected
      ? error.message
      : "The deployment failed; its log says why.";
    await this.#change(id, failed(message));
    await this.#removeFile(id);
  }

  async #change(id: string, state: ImportState): Promise<void> {
    const { durable } = await this.#services.database.write((tx) => {
      setState(tx, id, () => state);
    });
    await durable;
  }

  #file(id: string): string {
    return join(this.#folder, id);
  }

  async #removeFile(id: string): Promise<void> {
    await rm(this.#file(id), { force: true });
  }
}

/** An import as the CLI follows it; null for an unknown id. */
export function readImport(snapshot: Transaction, id: string): JSONValue {
  const stored = snapshot.readMeta(PREFIX + id.slice(0, 100));
  return stored === undefined ? null : (JSON.parse(stored) as JSONValue);
}

/** All remembered imports, the newest first. */
export function listImports(snapshot: Transaction): JSONValue {
  return allRecords(snapshot) as unknown as JSONValue;
}

function progressOf(
  id: string,
  record: (tx: Transaction) => void,
): ImportProgress {
  return {
    doing: (tx, message) =>
      setState(tx, id, (state) => ({
        ...inProgress(message),
        checkpoint_messages: checkpoints(state),
      })),
    done: (tx, message) =>
      setState(tx, id, (state) => ({
        ...inProgress(message),
        checkpoint_messages: [...checkpoints(state), message],
      })),
    completed: (tx, documents) => {
      setState(tx, id, () => ({
        state: "completed",
        num_rows_written: JSON.parse(
          integerJson(BigInt(documents)),
        ) as JSONValue,
      }));
      record(tx);
    },
  };
}

function checkpoints(state: ImportState): string[] {
  return state.state === "in_progress" ? state.checkpoint_messages : [];
}

function inProgress(message: string) {
  return {
    state: "in_progress" as const,
    progress_message: message,
    checkpoint_messages: [],
  };
}

function failed(error_message: string): ImportState {
  return { state: "failed", error_message };
}

function setState(
  tx: Transaction,
  id: string,
  next: (state: ImportState) => ImportState,
): void {
  const record = get(tx, id);
  if (record !== undefined) put(tx, { ...record, state: next(record.state) });
}

function get(tx: Transaction, id: string): ImportRecord | undefined {
  const stored = tx.meta.get(PREFIX + id.slice(0, 100));
  return stored === undefined
    ? undefined
    : (JSON.parse(stored) as ImportRecord);
}

function put(tx: Transaction, record: ImportRecord): void {
  tx.meta.put(PREFIX + record._id, JSON.stringify(record));
}

function allRecords(tx: Transaction): ImportRecord[] {
  return [...tx.meta.range(PREFIX)]
    .map(({ value }) => JSON.parse(value) as ImportRecord)
    .sort((a, b) => b._creationTime - a._creationTime);
}

/** Forgets the oldest imports that are not being written, and returns their ids. */
function forgetOldest(tx: Transaction): string[] {
  const old = allRecords(tx)
    .slice(MAX_REMEMBERED)
    .filter(({ state }) => state.state !== "in_progress")
    .map(({ _id }) => _id);
  for (const id of old) tx.meta.delete(PREFIX + id);
  return old;
}

function notWaiting(id: string, record: ImportRecord | undefined) {
  return badRequest(
    "InvalidImport",
    record === undefined
      ? `There is no import ${id.slice(0, 100)}.`
      : `The import is ${record.state.state}; only one that waits for confirmation can be confirmed or canceled.`,
  );
}
