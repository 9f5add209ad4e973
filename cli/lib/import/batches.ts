import type { ImportRow } from "../api.js";

export interface NumberedRow {
  /** Counted from 1. */
  line: number;
  /** Length of the line, as an estimate of what the row weighs in a request. */
  size: number;
  row: ImportRow;
}

/** What one call takes, by the component's own limits. */
export const MAX_ROWS = 750;
export const MAX_ACTIONS = 2_000;
/** Of each call under way the rows and the request are in memory; a request may have 16 MiB. */
const MAX_SIZE = 2 * 1_024 * 1_024;

/** Groups rows into calls, in their order. A row that is too large for one comes alone. */
export async function* batchRows(
  rows: AsyncIterable<NumberedRow>,
): AsyncGenerator<NumberedRow[], void> {
  let batch: NumberedRow[] = [];
  let actions = 0;
  let size = 0;
  for await (const row of rows) {
    const count = actionCount(row);
    const isFull =
      batch.length === MAX_ROWS ||
      actions + count > MAX_ACTIONS ||
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

/** Whether a row needs more than one call, and how many actions each may then have. */
export function actionsPerCall(row: NumberedRow): number | null {
  const count = actionCount(row);
  const bySize = Math.floor((count * MAX_SIZE) / row.size);
  const most = Math.max(1, Math.min(MAX_ACTIONS, bySize));
  return count > most ? most : null;
}

/**
 * Divides a row's actions over several rows. Actions of one time stay together: the component
 * compares them as a group, so that importing them again adds nothing.
 */
export function splitRow(row: ImportRow, maxActions: number): ImportRow[] {
  const parts: ImportRow[] = [];
  let actions: NonNullable<ImportRow["actions"]> = [];
  for (const group of groupsByTime(row)) {
    if (actions.length > 0 && actions.length + group.length > maxActions) {
      parts.push({ ...row, actions });
      actions = [];
    }
    actions.push(...group);
  }
  return [...parts, { ...row, actions }];
}

export function actionCount({ row }: NumberedRow): number {
  return row.actions?.length ?? 0;
}

function groupsByTime({ actions = [] }: ImportRow) {
  const groups = new Map<number, typeof actions>();
  for (const action of actions) {
    const group = groups.get(action.at);
    if (group) group.push(action);
    else groups.set(action.at, [action]);
  }
  return groups.values();
}
