import { EmbeddedError } from "../../errors.js";
import { readyIndexes, type Table } from "../records/catalog.js";
import type { VectorIndex } from "../vectors/vectorIndex.js";

/**
 * The vector index of a table that an action names.
 * @throws EmbeddedError "invalidQuery" where it is none, or cannot be searched yet
 */
export function findVectorIndex(table: Table, name: string): VectorIndex {
  const shown = `${table.name}.${name}`;
  const builtIn = [table.byId, table.byCreationTime];
  const index = [...readyIndexes(table), ...builtIn].find(
    (one) => one.name === name,
  );
  if (index?.kind === "vector") return index;
  if (index !== undefined) {
    throw invalid(`Index ${shown} is not a vector index`);
  }
  if (table.stagedNames.includes(name)) {
    throw invalid(
      `Index ${shown} is currently staged and not available to query until it is enabled.`,
    );
  }
  if (table.building.some((one) => one.name === name)) {
    throw invalid(
      `Index ${shown} is currently backfilling and not available to query yet.`,
    );
  }
  throw invalid(`Index ${shown} not found.`);
}

function invalid(problem: string): EmbeddedError {
  return new EmbeddedError("invalidQuery", problem);
}
