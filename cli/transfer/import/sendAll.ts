import type { CliContext } from "../../context.js";
import type { ImportCounts } from "../../deployment/api.js";
import type { ComponentClient } from "../../deployment/client.js";
import { CliError, messageOf } from "../../errors.js";
import { note } from "../../terminal/output.js";
import { formatNumber } from "../../terminal/words.js";
import { startProgress } from "../../terminal/progressBar.js";
import { batchRows, type NumberedRow } from "./batches.js";
import {
  ImportStopped,
  LineRefused,
  sendBatches,
  type SendOptions,
} from "./sendBatches.js";

/** The most refused lines that are shown one by one; the others are counted. */
const MAX_SHOWN = 100;

export interface Sent {
  counts: ImportCounts;
  /** Rows that the component refused, though their lines were valid. */
  refused: number;
}

/** Sends all rows, shows how far the import is, and where it stops says at which line to go on. */
export async function sendAll(
  context: CliContext,
  client: ComponentClient,
  rows: AsyncIterable<NumberedRow>,
  options: {
    interrupted: AbortSignal;
    total: number;
    json?: boolean;
    skipInvalid?: boolean;
    restoreErased?: SendOptions["restoreErased"];
  },
): Promise<Sent> {
  const progress = await startProgress(context, {
    total: options.total,
    unit: "rows",
    enabled: !options.json,
  });
  let refused = 0;
  const onRefused = (line: number, problem: string): void => {
    refused += 1;
    if (refused <= MAX_SHOWN) note(context, `line ${line}: ${problem}`);
  };
  try {
    const counts = await sendBatches(batchRows(rows), {
      client,
      onRefused: options.skipInvalid ? onRefused : null,
      onProgress: (done) => progress.update(done),
      signal: options.interrupted,
      ...(options.restoreErased === undefined
        ? {}
        : { restoreErased: options.restoreErased }),
    });
    if (refused > MAX_SHOWN) {
      note(
        context,
        `and ${formatNumber(refused - MAX_SHOWN)} more that the deployment refused`,
      );
    }
    return { counts, refused };
  } catch (error) {
    if (!(error instanceof ImportStopped)) throw error;
    throw stoppedError(error, options.interrupted.aborted);
  } finally {
    progress.stop();
  }
}

function stoppedError(
  { cause, line }: ImportStopped,
  isInterrupted: boolean,
): CliError {
  const isLine = cause instanceof LineRefused;
  const mend = isLine
    ? "Correct it or pass --skip-invalid, then repeat"
    : "Repeat";
  const resume = `The lines before ${line} are imported. ${mend} the command with --from-line ${line} to go on; lines imported twice change nothing.`;
  if (isInterrupted) return new CliError("cancelled", `Interrupted. ${resume}`);
  const code = cause instanceof CliError ? cause.code : "failure";
  return new CliError(code, `${messageOf(cause)}\n${resume}`, { cause });
}
