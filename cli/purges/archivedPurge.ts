/**
 * A purge that keeps what it deletes: this process asks for each page, puts it on disk, and only
 * then has it deleted. Wherever it dies, the run stands still and goes on with the same file.
 */
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import type { CliContext } from "../context.js";
import type { RunResultJson } from "../json/run.js";
import type {
  Args,
  ArchivePage,
  ArchivePageDone,
  Run,
  WholeSession,
} from "../deployment/api.js";
import { runBounds, type BoundsOptions } from "../runs/bounds.js";
import type { ComponentClient } from "../deployment/client.js";
import type { Connection, GlobalOptions } from "../deployment/connect.js";
import { CliError, isUnreachable, mayBeDone, messageOf } from "../errors.js";
import { untilInterrupted } from "../terminal/interrupt.js";
import { note } from "../terminal/output.js";
import { countOf } from "../terminal/words.js";
import { startProgress } from "../terminal/progressBar.js";
import { resumeCommand } from "../runs/advice.js";
import { readRun } from "../runs/follow.js";
import { countTotal } from "../runs/countLeft.js";
import { conclude, report } from "../runs/report.js";
import { busyWithOther } from "../runs/start.js";
import {
  actionText,
  holdsIds,
  sessionLine,
  visitText,
} from "../transfer/lineFormat.js";
import { shellCommand } from "../terminal/shell.js";
import { ArchiveFile } from "./archiveFile.js";

/** A purge, or a `forget` with its filter, that keeps what it deletes. */
export interface ArchivedPurge {
  kind: "purge" | "forget";
  file: string;
  cutoff: number;
  filter?: NonNullable<Run["filter"]>;
  /** The revision of the settings that were looked at. */
  expectedRevision?: number;
  reason: string | undefined;
  /** Whether to leave the visitor's ids out of the file. @default false */
  withoutIds?: boolean | undefined;
  /** The number of sessions that it takes. */
  expected: number;
}

export function startArchivedPurge(
  context: CliContext,
  { client }: Connection,
  options: GlobalOptions & BoundsOptions,
  purge: ArchivedPurge,
): Promise<void> {
  return untilInterrupted(context, client, async (interrupted) => {
    const run = await startRun(context, client, options, purge, interrupted);
    const total = Math.min(purge.expected, options.max ?? Infinity);
    await drive(context, options, run, { total });
  });
}

async function startRun(
  context: CliContext,
  client: ComponentClient,
  options: BoundsOptions,
  { file, reason, withoutIds = false, ...asked }: ArchivedPurge,
  interrupted: AbortSignal,
): Promise<Driven> {
  const path = resolve(context.cwd, file);
  const archiver = randomUUID();
  const archive = await ArchiveFile.create(path, { withoutIds });
  const start = client.mutation(
    "runs/control:start",
    {
      ...asked,
      actor: context.actor,
      trigger: "operator",
      ...(reason === undefined ? {} : { reason }),
      ...runBounds(options),
      archive: { file: path, archiver },
      token: randomUUID(),
    },
    { repeatable: true },
  );
  const started = await start.catch((error: unknown) =>
    notStarted(archive, error, interrupted.aborted),
  );
  if (started.status === "alreadyRunning") {
    await archive.close();
    await rm(path);
    const other = await readRun(client, started.runId);
    if (other.archiveFile !== undefined) {
      throw await busyWithOther(context, client, other);
    }
    throw new CliError(
      "failure",
      `Run ${started.runId} is already running and does not write this archive. Wait for it (\`sessions-ops runs watch ${started.runId}\`) or cancel it, then repeat the command.`,
    );
  }
  const { runId } = started;
  const maxRate = options.rate;
  return { client, runId, archiver, archive, maxRate, interrupted };
}

/** Gives the file up, unless a run may have it: one whose start was asked for and not answered. */
async function notStarted(
  archive: ArchiveFile,
  error: unknown,
  isInterrupted: boolean,
): Promise<never> {
  await archive.close();
  if (!mayBeDone(error)) {
    await rm(archive.path);
    throw error;
  }
  const { path } = archive;
  throw new CliError(
    isInterrupted ? "cancelled" : "unreachable",
    `${error.message}\nWhether the run was started is not known; \`sessions-ops runs list\` says. If it was, \`${shellCommand("sessions-ops", "runs", "resume", "RUN_ID", "--archive", path)}\` goes on; if not, delete ${path} and repeat the command.`,
    { cause: error },
  );
}

/** Goes on with a run whose process stopped or died, wherever that was. */
export async function resumeArchivedPurge(
  context: CliContext,
  { client }: Connection,
  options: GlobalOptions,
  { file, by }: { file: string; by: Args<"runs/control:resume"> },
): Promise<void> {
  const { runId } = by;
  const archive = await ArchiveFile.reopen(resolve(context.cwd, file), runId);
  const archiver = randomUUID();
  try {
    await takeOver(client, archive, { ...by, archiver });
  } catch (error) {
    await archive.close();
    throw error;
  }
  // The run says only now where it stops next.
  const resumed = await readRun(client, runId);
  const { ratePerSecond: maxRate } = resumed;
  const sessions = await countTotal(client, resumed);
  await untilInterrupted(context, client, (interrupted) => {
    const run = { client, runId, archiver, archive, maxRate, interrupted };
    return drive(context, options, run, sessions);
  });
}

/** Makes this process the writer of the archive, from the last page that was deleted on. */
async function takeOver(
  client: ComponentClient,
  archive: ArchiveFile,
  by: Args<"runs/control:resume"> & { archiver: string },
): Promise<void> {
  const resume = { ...by, archiveFile: archive.path };
  await client.mutation("runs/control:resume", resume, { repeatable: true });
  const { runId, archiver } = by;
  const { last } = await client.query("runs/archive:nextPage", {
    runId,
    archiver,
  });
  const isThere = last?.purged ?? false;
  const { seq = 0 } = last ?? {};
  await archive.cutAfter(isThere ? seq : seq - 1, { isThere });
}

// ── The loop ────────────────────────────────────────────────────────────────

interface Driven {
  client: ComponentClient;
  runId: string;
  archiver: string;
  archive: ArchiveFile;
  /** The most sessions a second. */
  maxRate: number | undefined;
  interrupted: AbortSignal;
}

async function drive(
  context: CliContext,
  options: GlobalOptions,
  run: Driven,
  sessions: { total: number; before?: number },
): Promise<void> {
  const { interrupted } = run;
  const progress = await startProgress(context, {
    ...sessions,
    unit: "sessions",
    enabled: !options.json,
  });
  let stayed = 0;
  const pageOrStop = () =>
    onePage(run).catch((error: unknown): never => {
      throw isUnreachable(error) && interrupted.aborted ? cancelled() : error;
    });
  try {
    for (;;) {
      if (interrupted.aborted) throw cancelled();
      const done = await pageOrStop();
      if (done === null) break;
      stayed += done.stayed.length;
      progress.update(done.sessions, run.maxRate);
      if (done.waitMs > 0) await context.sleep(done.waitMs, interrupted);
    }
  } catch (error) {
    throw stopped(run, error);
  } finally {
    progress.stop();
    await run.archive.close();
  }
  const finished = await readRun(run.client, run.runId);
  const file = run.archive.path;
  const archive: RunResultJson["archive"] = { file, stayed };
  report(context, options, finished, { archive });
  if (!options.json) {
    note(context, `What it deleted is in ${file}.`);
    if (!run.archive.withoutIds) note(context, holdsIds(file));
    if (stayed > 0 && finished.kind === "forget") {
      note(
        context,
        `${countOf(stayed, "session")} changed while a page of them was archived, so that they are in it twice; it names them.`,
      );
    } else if (stayed > 0) {
      note(
        context,
        `${stayed} of the sessions in it came back, changed or were forgotten meanwhile and were not deleted by this run; it names them.`,
      );
    }
  }
  conclude(finished);
}

/**
 * Archives and deletes one page; `null` when the run has ended. When the network fails in between,
 * it may be called again: a page that turns out not to be deleted is taken off first.
 */
async function onePage(run: Driven): Promise<ArchivePageDone | null> {
  const { client, runId, archiver, archive } = run;
  const by = { runId, archiver };
  const page = await client.query("runs/archive:nextPage", by);
  const { seq, last } = page;
  const isDeleted = last?.seq === archive.lastPage && last?.purged === true;
  if (archive.lastPage !== null && !isDeleted) await archive.dropLast();
  if (page.status !== "running") {
    if (last !== null && last.stayed.length > 0) {
      await archive.append(seq, pageLines(run, page));
    }
    return null;
  }
  const again = { repeatable: true };
  if (page.phase === "expire") {
    return await client.mutation(
      "runs/archive:expirePage",
      { ...by, seq },
      again,
    );
  }
  await archive.append(seq, pageLines(run, page));
  const sessions = page.sessions.map(
    ({ session, visitRows, visits, actions, isComplete }) => ({
      session,
      visitRows,
      visits: visits.length,
      actions: actions.length,
      isComplete,
    }),
  );
  const done = await client.mutation(
    "runs/archive:purgePage",
    { ...by, seq, sessions },
    again,
  );
  if (!done.purged) await archive.dropLast();
  return done;
}

/** The lines of a page. Its first one says which run and page it is, and what stayed of the page before. */
function pageLines(
  { runId, archive: { withoutIds } }: Driven,
  { seq, sessions, last }: ArchivePage,
) {
  const stayed =
    last === null || last.stayed.length === 0
      ? {}
      : { stayed: { page: last.seq, sessions: last.stayed } };
  const head = { archive: { runId, page: seq, ...stayed } };
  const lines = sessions.map((whole) =>
    sessionLine(
      whole,
      {
        visits: finishedVisits(whole).map((visit) =>
          visitText(visit, { withoutIds }),
        ),
        actions: whole.actions.map(actionText),
      },
      { sessionId: whole.session.sessionId },
      { withoutIds },
    ),
  );
  return `${JSON.stringify(head)}\n${lines.join("")}`;
}

/** The last visit has no row, and goes with the session itself. */
function finishedVisits({ session, visits, isComplete }: WholeSession) {
  const { lastVisit } = session;
  return isComplete && lastVisit !== undefined
    ? [...visits, lastVisit]
    : visits;
}

function cancelled(): CliError {
  return new CliError("cancelled", "Stopped.");
}

function stopped({ runId, archive }: Driven, error: unknown): CliError {
  const archiveFile = archive.path;
  return new CliError(
    error instanceof CliError ? error.code : "failure",
    `${messageOf(error)}\nEvery page that was deleted is in ${archiveFile}. Run ${runId} waits, and no other of its kind starts meanwhile: \`${resumeCommand({ runId, archiveFile })}\` goes on, \`sessions-ops runs cancel ${runId}\` gives it up; after a day it is canceled.`,
    { cause: error },
  );
}
