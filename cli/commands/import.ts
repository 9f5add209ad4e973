import { purgeCutoff } from "../../convex/sessionTracker/shared.js";
import type { CliContext } from "../context.js";
import { confirmYes } from "../lib/confirm.js";
import {
  announceTarget,
  connect,
  type Connection,
  type GlobalOptions,
} from "../lib/connect.js";
import { CliError, messageOf } from "../lib/errors.js";
import { batchRows } from "../lib/import/batches.js";
import { checkSource, readRows, type Checked } from "../lib/import/check.js";
import { ImportStopped, sendBatches } from "../lib/import/send.js";
import { openSource, type Source } from "../lib/import/source.js";
import {
  countOf,
  formatNumber,
  note,
  print,
  printJson,
  retentionText,
} from "../lib/output.js";
import { startProgress } from "../lib/progress.js";
import { nextPurgeText } from "../lib/scheduleReport.js";
import type { ImportJson } from "../shapes.js";

export interface ImportOptions extends GlobalOptions {
  readonly skipInvalid?: boolean;
  readonly fromLine: number;
  readonly yes?: boolean;
}

/** Reads everything once to check it, asks what has to be asked, then sends it. */
export async function importFile(
  context: CliContext,
  file: string,
  options: ImportOptions,
): Promise<void> {
  const connection = await connect(context, options);
  const source = await openSource(context, file);
  try {
    const result = await importSource(
      context,
      connection,
      source,
      file,
      options,
    );
    if (options.json) return printJson(context, result);
    print(
      context,
      `Imported ${countOf(result.rows, "row")}: ${formatNumber(result.created)} created, ${formatNumber(result.merged)} merged, ${formatNumber(result.unchanged)} unchanged; ${countOf(result.actions, "action")} added; ${countOf(result.invalid, "invalid line")} skipped.`,
    );
  } finally {
    await source.close();
  }
}

async function importSource(
  context: CliContext,
  connection: Connection,
  source: Source,
  file: string,
  options: ImportOptions,
): Promise<ImportJson> {
  const { client } = connection;
  const now = context.now();
  const { retentionDays } = await client.call(
    "settings:get",
    {},
    { retry: true },
  );
  const cutoff = purgeCutoff(retentionDays, now);
  const reading = { fromLine: options.fromLine, now };
  const checked = await checkSource(context, source, { ...reading, cutoff });
  if (checked.invalid > 0 && !options.skipInvalid) {
    throw new CliError(
      "failure",
      `${countOf(checked.invalid, "line")} of ${file} cannot be imported; nothing was. Correct them, or pass --skip-invalid to import the other ${formatNumber(checked.rows)}.`,
    );
  }
  announceTarget(context, connection);
  if (checked.older > 0) {
    await confirmOlder(
      context,
      connection,
      options,
      checked,
      retentionText(retentionDays),
    );
  }

  const interrupted = new AbortController();
  const stopListening = context.onInterrupt(() => interrupted.abort());
  const progress = await startProgress(context, {
    total: checked.rows,
    unit: "rows",
    enabled: !options.json,
  });
  let refused = 0;
  try {
    const counts = await sendBatches(batchRows(readRows(source, reading)), {
      client,
      onRefused: options.skipInvalid
        ? (line, problem) => {
            refused += 1;
            note(context, `line ${line}: ${problem}`);
          }
        : null,
      onProgress: (rows) => progress.update(rows),
      signal: interrupted.signal,
    });
    return {
      rows: checked.rows - refused,
      ...counts,
      invalid: checked.invalid + refused,
      olderThanRetention: checked.older,
    };
  } catch (error) {
    if (!(error instanceof ImportStopped)) throw error;
    throw stoppedError(error, interrupted.signal.aborted);
  } finally {
    progress.stop();
    stopListening();
  }
}

/** They would be deleted again before anybody has looked at them. */
async function confirmOlder(
  context: CliContext,
  { client }: Connection,
  options: ImportOptions,
  { older, rows }: Checked,
  retention: string,
): Promise<void> {
  const schedules = await client.call("schedules:list", {}, { retry: true });
  const text = `${formatNumber(older)} of ${countOf(rows, "row")} are older than the retention of ${retention}; ${nextPurgeText(schedules)}.`;
  note(context, text);
  if (schedules.some(({ name, paused }) => name === "purge" && paused)) return;
  await confirmYes(
    context,
    options,
    `Import ${older === 1 ? "it" : "them"} all the same?`,
    "--yes, pause the purges (sessions-ops schedule pause purge --reason …) or raise the retention (sessions-ops retention DAYS)",
  );
}

function stoppedError(
  stopped: ImportStopped,
  isInterrupted: boolean,
): CliError {
  const { cause, line } = stopped;
  const resume = `The lines before ${line} are imported. Repeat the command with --from-line ${line} to go on; lines imported twice change nothing.`;
  if (isInterrupted) return new CliError("cancelled", `Interrupted. ${resume}`);
  const code = cause instanceof CliError ? cause.code : "failure";
  return new CliError(code, `${messageOf(cause)}\n${resume}`, { cause });
}
