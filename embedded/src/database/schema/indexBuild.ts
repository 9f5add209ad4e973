import type { JSONValue } from "convex/values";
import type { Key } from "../../storage/store.js";
import type { Database } from "../database.js";
import { fillSome, startBuilds, withoutBuilds } from "./indexFill.js";

/** Progress of a build, in documents. */
export interface BuildProgress {
  indexes: number;
  documents: number;
  totalDocuments: number;
}

/**
 * Fills the indexes that a schema adds to tables with many documents, some documents a commit.
 * Meanwhile every write keeps them up to date and no query sees them; `applySchema` takes them over
 * by the returned ids. {@link discardBuilds} drops those that are never taken over.
 */
export async function buildIndexes(
  database: Database,
  component: string,
  schemaJson: JSONValue,
  onProgress: (progress: BuildProgress) => void,
  signal: AbortSignal,
): Promise<number[]> {
  const { value: plans } = await database.write((tx) =>
    tx.changeCatalog((catalog, view) =>
      startBuilds(catalog, view, component, schemaJson),
    ),
  );
  const progress: BuildProgress = {
    indexes: plans.flatMap(({ ids }) => ids).length,
    documents: 0,
    totalDocuments: plans.reduce((sum, { rows }) => sum + rows, 0),
  };
  onProgress(progress);
  for (const plan of plans) {
    let after: Key | null = "";
    while (after !== null && !signal.aborted) {
      const from: Key = after;
      const { value, durable } = await database.write((tx) =>
        tx.changeCatalog((catalog, view) => ({
          catalog,
          result: fillSome(catalog, view, component, plan, from),
        })),
      );
      await durable;
      progress.documents += value.documents;
      onProgress(progress);
      after = value.next;
    }
  }
  return plans.flatMap(({ ids }) => ids);
}

/** Drops builds that no push will take over. */
export async function discardBuilds(
  database: Database,
  ids: ReadonlySet<number>,
): Promise<void> {
  if (ids.size === 0) return;
  await database.write((tx) =>
    tx.changeCatalog((catalog, view) => ({
      catalog: withoutBuilds(catalog, view, ({ id }) => ids.has(id!)),
      result: undefined,
    })),
  );
}
