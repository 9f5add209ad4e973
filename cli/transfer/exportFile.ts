import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { CliContext } from "../context.js";
import type { ComponentClient } from "../deployment/client.js";
import { connect, type GlobalOptions } from "../deployment/connect.js";
import { CliError } from "../errors.js";
import { openDestination, type Destination } from "./export/destination.js";
import { exportLines, type Exported } from "./export/allSessions.js";
import { untilInterrupted } from "../terminal/interrupt.js";
import { note, print, printJson } from "../terminal/output.js";
import { countOf } from "../terminal/words.js";
import { holdsIds } from "./lineFormat.js";
import { printableJson } from "../terminal/printable.js";
import { startProgress } from "../terminal/progressBar.js";
import { flushed, NotWritten } from "../terminal/streams.js";
import type { ExportJson } from "../json/transfer.js";

export interface ExportOptions extends GlobalOptions {
  readonly force?: boolean;
  readonly withoutIds?: boolean;
}

/** Writes the figures of days and every session with its visits and actions, two pages of them in memory at a time. */
export async function exportFile(
  context: CliContext,
  file: string,
  options: ExportOptions,
): Promise<void> {
  if (file === "-" && options.json) {
    throw new CliError(
      "usage",
      "--json and the export cannot both go to stdout. Name a file, or leave --json out.",
    );
  }
  const path = resolve(context.cwd, file);
  const destination =
    file === "-" ? null : await openDestination(path, options);
  const { client } = await connect(context, options);
  const exported: Exported = {
    sessions: 0,
    visits: 0,
    actions: 0,
    days: 0,
    lines: 0,
  };
  if (destination === null) {
    await write(context, client, exported, options, context.stdout);
    await flushed(context);
    return note(context, summary(exported, "to stdout"));
  }
  await toFile(context, client, exported, options, path, destination);
  if (!options.withoutIds && !options.json) note(context, holdsIds(path));
  if (options.json) {
    printJson(context, { file: path, ...exported } satisfies ExportJson);
  } else {
    print(context, summary(exported, `to ${path}`));
  }
}

function toFile(
  context: CliContext,
  client: ComponentClient,
  exported: Exported,
  options: ExportOptions,
  path: string,
  destination: Destination,
): Promise<void> {
  return destination.use(async (output) => {
    const gzip = path.endsWith(".gz") ? createGzip() : null;
    await Promise.all([
      write(context, client, exported, options, gzip ?? output),
      gzip === null ? null : pipeline(gzip, output),
    ]);
  });
}

function write(
  context: CliContext,
  client: ComponentClient,
  exported: Exported,
  options: ExportOptions,
  output: NodeJS.WritableStream,
): Promise<void> {
  return untilInterrupted(context, client, async (interrupted) => {
    const written = writeLines(
      { context, client, exported, interrupted },
      options,
      output,
    );
    await written.catch((error: unknown): never => {
      throw interrupted.aborted ? nothingExported() : error;
    });
  });
}

interface Export {
  context: CliContext;
  client: ComponentClient;
  exported: Exported;
  interrupted: AbortSignal;
}

async function writeLines(
  { context, client, exported, interrupted }: Export,
  options: ExportOptions,
  output: NodeJS.WritableStream,
): Promise<void> {
  const { sessions } = await client.query("operator/status:get", {});
  const progress = await startProgress(context, {
    total: sessions.total,
    unit: "sessions",
    enabled: !options.json,
  });
  // A line without the target: in a file it is the same wherever it was exported.
  const isSeen = output === context.stdout && context.stdout.isTTY;
  async function* lines() {
    for await (const line of exportLines(client, exported, options)) {
      if (interrupted.aborted) throw nothingExported();
      if (exported.lines % 100 === 0) progress.update(exported.sessions);
      yield isSeen ? printableJson(line) : line;
    }
    progress.update(exported.sessions);
  }
  try {
    const end = output !== context.stdout;
    await pipeline(Readable.from(lines()), output, { end });
  } catch (error) {
    throw output === context.stdout &&
      error instanceof Error &&
      !(error instanceof CliError)
      ? new NotWritten(context, error)
      : error;
  } finally {
    progress.stop();
  }
}

function nothingExported(): CliError {
  return new CliError("cancelled", "Interrupted; nothing was exported.");
}

function summary(exported: Exported, where: string): string {
  const { sessions, visits, actions, days } = exported;
  return `Exported ${countOf(sessions, "session")}, ${countOf(visits, "finished visit")}, ${countOf(actions, "action")} and the figures of ${countOf(days, "day")} ${where}.`;
}
