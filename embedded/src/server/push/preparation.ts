import type { Database } from "../../database/database.js";
import type { Table } from "../../database/records/catalog.js";
import {
  buildIndexes,
  discardBuilds,
} from "../../database/schema/indexBuild.js";
import { CheckedDocuments } from "../../database/schema/schemaCheck.js";
import { componentDefinitions } from "./diff.js";
import type { CodeRevision } from "./revision.js";

/** A component's progress, which the CLI shows while it waits. */
export interface SchemaProgress {
  schemaValidationComplete: boolean;
  indexesComplete: number;
  indexesTotal: number;
}

/** The work ahead of a push's transaction, done once however often the CLI asks for it. */
export class Preparation {
  /** Ids of the indexes that the push's transaction takes over. */
  readonly built = new Set<number>();
  readonly #database: Database;
  readonly #progress = new Map<string, SchemaProgress>();
  readonly #abandoned = new AbortController();
  #checked: CheckedDocuments | undefined;
  #isBuilt = false;
  #running: Promise<unknown> | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The outcome of `prepare`; while it runs, everyone who asks gets the same promise. */
  outcome<T>(prepare: () => Promise<T>): Promise<T> {
    this.#running ??= prepare().finally(() => {
      this.#running = undefined;
    });
    return this.#running as Promise<T>;
  }

  get progress(): Record<string, SchemaProgress> {
    return Object.fromEntries(this.#progress);
  }

  /** For `CheckedDocuments`: the documents of a table that the push's transaction has to check. */
  readonly remaining = (table: Table): ReadonlySet<string> | null =>
    this.#checked?.remaining(table) ?? null;

  /**
   * Fills the indexes that the new code adds to tables with many documents, and checks these
   * documents.
   */
  async build(next: CodeRevision): Promise<void> {
    if (this.#isBuilt) return;
    const checked = (this.#checked ??= new CheckedDocuments(this.#database));
    const components = componentDefinitions(next);
    for (const [path] of components) this.#show(path, 0, 0);
    for (const [path, { schema }] of components) {
      let total = 0;
      const ids = await buildIndexes(
        this.#database,
        path,
        schema,
        ({ indexes }) => this.#show(path, 0, (total = indexes)),
        this.#abandoned.signal,
      );
      this.#show(path, total, total);
      for (const id of ids) this.built.add(id);
      await checked.check(path, schema, this.#abandoned.signal);
    }
    this.#isBuilt = true;
    if (this.#abandoned.signal.aborted) await this.discard();
  }

  /** Ends the preparation after the push has taken over its indexes. */
  finish(): void {
    this.built.clear();
    this.#checked?.close();
    this.#checked = undefined;
  }

  /** Discards the prepared indexes. */
  async discard(): Promise<void> {
    const ids = new Set(this.built);
    this.finish();
    this.#isBuilt = false;
    await discardBuilds(this.#database, ids);
  }

  /** Stops building and discards the prepared indexes: nobody will ask again. */
  async abandon(): Promise<void> {
    this.#abandoned.abort();
    await this.discard();
  }

  #show(path: string, indexesComplete: number, indexesTotal: number): void {
    this.#progress.set(path, {
      schemaValidationComplete: false,
      indexesComplete,
      indexesTotal,
    });
  }
}
