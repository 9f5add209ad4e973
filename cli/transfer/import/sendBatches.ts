import type { Args, ImportCounts, ImportRow } from "../../deployment/api.js";
import type { ComponentClient } from "../../deployment/client.js";
import { CliError } from "../../errors.js";
import { fitsOneCall, type NumberedRow } from "./batches.js";
import { sendActions } from "./sendActions.js";
import { isRefusal, reasonOf, refusedIndex } from "./refusals.js";

/** Calls under way at one time: enough to hide the network, few enough to leave the app its share. */
const IN_FLIGHT = 4;

export interface SendOptions {
  client: ComponentClient;
  /** Called for a row the deployment refuses; without it, the first one ends the import. */
  onRefused: ((line: number, problem: string) => void) | null;
  onProgress: (rows: number) => void;
  /** Stops the import between two calls. */
  signal: AbortSignal;
  /** Who brings back also those who were forgotten, and why. @default nobody does */
  restoreErased?: Args<"operator/import:batch">["restoreErased"];
}

/** The error for a row that the deployment refuses, whatever it is sent with. */
export class LineRefused extends CliError {
  constructor(line: number, reason: string, cause: unknown) {
    super("failure", `line ${line}: ${reason}`, { cause });
  }
}

/** The error that ends an import early. Everything before `line` has been written. */
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
        const { created, merged, unchanged, erased } = totals;
        options.onProgress(created + merged + unchanged + erased);
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
  try {
    if (!second && !fitsOneCall(first)) return await sendLarge(first, options);
    return await sendCall(rows.map(toImportRow), options);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return second
      ? await sendApart(rows, error, options)
      : await sendAlone(first, error, options);
  }
}

/** Finds the row that was refused: the component names it, where a limit that was met does not. */
async function sendApart(
  rows: NumberedRow[],
  error: CliError,
  options: SendOptions,
): Promise<ImportCounts> {
  const index = refusedIndex(error);
  const middle = Math.ceil(rows.length / 2);
  const parts =
    index === null
      ? [rows.slice(0, middle), rows.slice(middle)]
      : [rows.slice(0, index), [rows[index]!], rows.slice(index + 1)];
  const counts = noCounts();
  for (const part of parts) add(counts, await sendRows(part, options));
  return counts;
}

/** Sends a row that was refused alone; where nobody says why, it may only be too much for one call. */
async function sendAlone(
  row: NumberedRow,
  error: CliError,
  options: SendOptions,
): Promise<ImportCounts> {
  const { finishedVisits = [], actions = [] } = row.row;
  const hasRows = finishedVisits.length + actions.length > 1;
  const mayFit = hasRows && fitsOneCall(row) && refusedIndex(error) === null;
  if (mayFit) {
    try {
      return await sendLarge(row, options);
    } catch (still) {
      if (!isRefusal(still)) throw still;
      const reason = `${reasonOf(still)}; a part of it is imported`;
      return await leaveOut(row, { error: still, reason }, options);
    }
  }
  return await leaveOut(row, { error, reason: reasonOf(error) }, options);
}

async function leaveOut(
  { line }: NumberedRow,
  { error, reason }: { error: CliError; reason: string },
  options: SendOptions,
): Promise<ImportCounts> {
  // An empty call: if that is refused as well, the fault is not the row's.
  await sendCall([], options);
  if (!options.onRefused) throw new LineRefused(line, reason, error);
  options.onRefused(line, reason);
  return noCounts();
}

/**
 * Sends a row in pieces: its visits, the latest ones first, which then are the session's last at once, and its
 * actions. It counts once, as the strongest result of its pieces.
 */
async function sendLarge(
  { row: { actions = [], ...session } }: NumberedRow,
  options: SendOptions,
): Promise<ImportCounts> {
  const [row, ...rest] = inPieces(session);
  const counts = await sendCall([row], options);
  // Who was forgotten stays so, with all that they did.
  if (counts.erased > 0) return counts;
  for (const piece of rest) {
    counts.visits += (await sendCall([piece], options)).visits;
  }
  const { anonymousId, visitUnderWay } = session;
  const of = { anonymousId, isOfVisit: visitUnderWay !== undefined };
  counts.actions = await sendActions(options.client, of, actions);
  const isMerged = counts.visits + counts.actions > 0 && counts.unchanged > 0;
  return { ...counts, ...(isMerged ? { unchanged: 0, merged: 1 } : {}) };
}

/** The row with as many of its visits in each piece as a call takes. */
function inPieces(row: ImportRow): [ImportRow, ...ImportRow[]] {
  const { finishedVisits = [] } = row;
  if (finishedVisits.length <= PIECE_VISITS) return [row];
  const { engagedMs = 0 } = row;
  const all = finishedVisits.reduce((sum, visit) => sum + visit.engagedMs, 0);
  const latestFirst = finishedVisits.toSorted(
    (a, b) => b.startedAt - a.startedAt,
  );
  const pieceAt = (first: number): ImportRow => ({
    ...row,
    engagedMs: Math.max(engagedMs, all),
    finishedVisits: latestFirst.slice(first, first + PIECE_VISITS),
  });
  const pieces: [ImportRow, ...ImportRow[]] = [pieceAt(0)];
  for (let at = PIECE_VISITS; at < finishedVisits.length; at += PIECE_VISITS) {
    pieces.push(pieceAt(at));
  }
  return pieces;
}

/** Visits of one row in one call; the component compares them with those of the same time. */
const PIECE_VISITS = 1_000;

/** The row as a call takes it: only for rows that fit one call, in which each action happened once. */
function toImportRow({ row: { actions, ...row } }: NumberedRow): ImportRow {
  if (actions === undefined) return row;
  return { ...row, actions: actions.map(({ copies: _, ...action }) => action) };
}

function sendCall(
  rows: ImportRow[],
  { client, restoreErased }: SendOptions,
): Promise<ImportCounts> {
  return client.mutation(
    "operator/import:batch",
    { rows, ...(restoreErased === undefined ? {} : { restoreErased }) },
    { repeatable: true },
  );
}

function noCounts(): ImportCounts {
  const rows = { created: 0, merged: 0, unchanged: 0, erased: 0 };
  return { ...rows, visits: 0, actions: 0 };
}

function add(totals: ImportCounts, counts: ImportCounts): void {
  totals.created += counts.created;
  totals.merged += counts.merged;
  totals.unchanged += counts.unchanged;
  totals.erased += counts.erased;
  totals.visits += counts.visits;
  totals.actions += counts.actions;
}
