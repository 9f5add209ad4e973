import type { ImportCounts, ImportRow } from "../api.js";
import type { ComponentClient } from "../client.js";
import { CliError, messageOf } from "../errors.js";
import { refusalData } from "../failures.js";
import {
  actionCount,
  actionsPerCall,
  splitRow,
  type NumberedRow,
} from "./batches.js";

/** Calls under way at one time: enough to hide the network, few enough to leave the app its share. */
const IN_FLIGHT = 4;

export interface SendOptions {
  client: ComponentClient;
  /** Called for a row the component refuses; without it, the first one ends the import. */
  onRefused: ((line: number, problem: string) => void) | null;
  onProgress: (rows: number) => void;
  /** Stops between two calls. */
  signal: AbortSignal;
}

/** Ends an import early. Everything before `line` has been written. */
export class ImportStopped extends Error {
  readonly line: number;

  constructor(line: number, cause: unknown) {
    super(`Stopped at line ${line}`, { cause });
    this.line = line;
  }
}

/** Sends all batches, a few at a time. Sending them again changes nothing. */
export async function sendBatches(
  batches: AsyncGenerator<NumberedRow[], void>,
  options: SendOptions,
): Promise<ImportCounts> {
  const totals = noCounts();
  const failed: ImportStopped[] = [];
  const sendSome = async (): Promise<void> => {
    while (failed.length === 0) {
      const { value: batch, done } = await batches.next();
      const [first] = batch ?? [];
      if (done || !first) return;
      try {
        options.signal.throwIfAborted();
        add(totals, await sendRows(batch, options));
        options.onProgress(totals.created + totals.merged + totals.unchanged);
      } catch (error) {
        failed.push(new ImportStopped(first.line, error));
      }
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, sendSome));
  await batches.return(undefined);
  // Batches are taken in order, so all before the first one that failed are done.
  const [stopped] = failed.sort((a, b) => a.line - b.line);
  if (stopped) throw stopped;
  return totals;
}

async function sendRows(
  rows: NumberedRow[],
  options: SendOptions,
): Promise<ImportCounts> {
  const [first, second] = rows;
  if (!first) return noCounts();
  const perCall = second ? null : actionsPerCall(first);
  if (perCall !== null) return await sendParts(first, perCall, options);
  try {
    return await sendCall(
      rows.map(({ row }) => row),
      options,
    );
  } catch (error) {
    return await sendDespite(error, rows, options);
  }
}

/** Leaves out the row that was refused, or sends in smaller pieces what did not fit. */
async function sendDespite(
  error: unknown,
  rows: NumberedRow[],
  options: SendOptions,
): Promise<ImportCounts> {
  const refused = refusedRow(error, rows);
  if (refused) {
    if (!options.onRefused) throw lineError(refused.line, error);
    options.onRefused(refused.line, messageOf(error));
    return await sendRows(
      rows.filter((row) => row !== refused),
      options,
    );
  }
  if (!isTooLarge(error)) throw error;
  const middle = Math.ceil(rows.length / 2);
  const [first, second] = rows;
  if (first && !second) {
    const actions = actionCount(first);
    if (actions < 2) throw lineError(first.line, error);
    return await sendParts(first, Math.ceil(actions / 2), options);
  }
  const counts = await sendRows(rows.slice(0, middle), options);
  add(counts, await sendRows(rows.slice(middle), options));
  return counts;
}

/** One row over several calls counts once, as the strongest of what happened to its parts. */
async function sendParts(
  { line, row }: NumberedRow,
  perCall: number,
  options: SendOptions,
): Promise<ImportCounts> {
  const counts = noCounts();
  const parts = splitRow(row, perCall);
  for (const part of parts) {
    try {
      add(counts, await sendCall([part], options));
    } catch (error) {
      if (!isTooLarge(error) || perCall === 1 || parts.length < 2) {
        throw lineError(line, error);
      }
      // The parts before this one are written; sent again, they change nothing.
      return await sendParts(
        { line, size: 1, row },
        Math.ceil(perCall / 2),
        options,
      );
    }
  }
  const outcome =
    counts.created > 0 ? "created" : counts.merged > 0 ? "merged" : "unchanged";
  return { ...noCounts(), [outcome]: 1, actions: counts.actions };
}

function sendCall(
  rows: ImportRow[],
  { client }: SendOptions,
): Promise<ImportCounts> {
  return client.mutation(
    "importing:importBatch",
    { rows },
    { repeatable: true },
  );
}

function refusedRow(
  error: unknown,
  rows: NumberedRow[],
): NumberedRow | undefined {
  const data = refusalData(error);
  if (data?.["kind"] !== "invalidRow") return undefined;
  const { index } = data;
  return typeof index === "number" ? rows[index] : undefined;
}

/** The component's own word for it, or a limit of the deployment on what one transaction does. */
function isTooLarge(error: unknown): boolean {
  if (refusalData(error)?.["kind"] === "batchTooLarge") return true;
  return (
    error instanceof CliError &&
    error.code === "failure" &&
    /too (many|much|large)|limit|timed out/i.test(error.message)
  );
}

function lineError(line: number, error: unknown): CliError {
  const code = error instanceof CliError ? error.code : "failure";
  return new CliError(code, `line ${line}: ${messageOf(error)}`);
}

function noCounts(): ImportCounts {
  return { created: 0, merged: 0, unchanged: 0, actions: 0 };
}

function add(totals: ImportCounts, counts: ImportCounts): void {
  totals.created += counts.created;
  totals.merged += counts.merged;
  totals.unchanged += counts.unchanged;
  totals.actions += counts.actions;
}
