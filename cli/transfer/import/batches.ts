import {
  MAX_IMPORT_ACTIONS,
  MAX_IMPORT_ROWS,
} from "../../../convex/sessionTracker/shared/limits.js";
import type { ImportRow } from "../../deployment/api.js";

/** An action that happened several times at one time may be there once, with how often. */
export type RowAction = NonNullable<ImportRow["actions"]>[number] & {
  copies?: number;
};

export interface NumberedRow {
  /** The line's number, counted from 1. */
  line: number;
  /** The length of the line, as an estimate of what the row weighs in a request. */
  size: number;
  row: Omit<ImportRow, "actions"> & { actions?: RowAction[] };
}

/**
 * The largest request. Rows and request of each call under way are in memory; a request may have 16
 * MiB.
 */
export const MAX_SIZE = 2 * 1_024 * 1_024;

/** Groups rows into calls, in their order. A row that is too large for one comes alone. */
export async function* batchRows(
  rows: AsyncIterable<NumberedRow>,
): AsyncGenerator<NumberedRow[], void> {
  let batch: NumberedRow[] = [];
  let actions = 0;
  let size = 0;
  for await (const row of rows) {
    const count = rowCount(row);
    const isFull =
      batch.length === MAX_IMPORT_ROWS ||
      actions + count > MAX_IMPORT_ACTIONS ||
      size + row.size > MAX_SIZE;
    if (isFull && batch.length > 0) {
      yield batch;
      batch = [];
      actions = 0;
      size = 0;
    }
    batch.push(row);
    actions += count;
    size += row.size;
  }
  if (batch.length > 0) yield batch;
}

/** Whether one call takes the row with all its visits and actions. */
export function fitsOneCall(row: NumberedRow): boolean {
  return rowCount(row) <= MAX_IMPORT_ACTIONS && row.size <= MAX_SIZE;
}

/** Number of visits and actions of the row. */
function rowCount({
  row: { finishedVisits = [], actions = [] },
}: NumberedRow): number {
  let count = finishedVisits.length + actions.length;
  for (const { copies = 1 } of actions) {
    // Copies beyond the first go their own way.
    if (copies > 1) count += MAX_IMPORT_ACTIONS;
  }
  return count;
}
