/** `end` and `forget` of many sessions: looked at, confirmed, and done by a run. */
import type { CliContext } from "../context.js";
import {
  announceTarget,
  connect,
  type Connection,
} from "../deployment/connect.js";
import { CliError } from "../errors.js";
import { blockedUntilJson } from "../json/session.js";
import { checkArchive, type ArchiveOptions } from "../purges/archiveOptions.js";
import { reportNothing } from "../runs/report.js";
import { startAndFollow, type FollowOptions } from "../runs/start.js";
import type { IdOptions } from "../sessions/readSession.js";
import { blockedText } from "../sessions/blocked.js";
import { confirmCount, confirmYes } from "../terminal/confirm.js";
import { note } from "../terminal/output.js";
import { printable } from "../terminal/printable.js";
import { countOf } from "../terminal/words.js";
import { foundText, printManyDryRun } from "./dryRun.js";
import { askedFilter, withExcept, type FilterOptions } from "./asked.js";
import { filterText } from "./filter.js";
import { previewMany, type ManyPreview, type ManyRequest } from "./preview.js";

export interface ManyOptions
  // Runs over a filter have no schedule.
  extends Omit<FollowOptions, "inWindow">, FilterOptions, IdOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly confirm?: string;
  readonly reason?: string;
}

/** @param block as it was given, for the command that a dry run prints */
export async function takeMany(
  context: CliContext,
  { kind, block }: Pick<ManyRequest, "kind" | "block">,
  options: ManyOptions & ArchiveOptions & { readonly block?: string },
): Promise<void> {
  // What cannot be asked for is refused before anybody is asked for anything.
  const asked = askedFilter(options);
  const confirm = askedCount(options);
  checkArchive(options);
  const connection = await connect(context, options);
  const { client } = connection;
  const filter = await withExcept(client, asked, options);
  const request = { kind, filter, ...(block === undefined ? {} : { block }) };
  await announceTarget(context, connection);
  const found = await previewMany(client, request);
  note(
    context,
    printable(`Sessions ${filterText(found.filter)}: ${foundText(found)}.`),
  );
  if (options.dryRun) return printManyDryRun(context, options, request, found);
  if (found.sessions === 0) {
    return reportNothing(context, options, kind, found.cutoff);
  }
  await confirmMany(context, { ...options, confirm }, request, found);
  await start(context, connection, options, request, found);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The number given instead of an answer. */
function askedCount({ confirm }: ManyOptions): number | undefined {
  if (confirm === undefined || /^\d+$/.test(confirm)) {
    return confirm === undefined ? undefined : Number(confirm);
  }
  throw new CliError(
    "usage",
    `--confirm ${JSON.stringify(confirm)} is no number of sessions. Add --dry-run to see how many there are.`,
  );
}

/**
 * An erasure by more than a user needs the number of sessions: whom it takes is seen by nothing else. An end can be
 * taken back, and a user is named.
 */
async function confirmMany(
  context: CliContext,
  options: Omit<ManyOptions, "confirm"> & { confirm: number | undefined },
  { kind }: ManyRequest,
  { sessions, visits, actions, filter, blockedUntil }: ManyPreview,
): Promise<void> {
  const { confirm, max = Infinity, json, yes } = options;
  const count = Math.min(sessions, max);
  const which = `${countOf(count, "session")} ${filterText(filter)}`;
  const question =
    kind === "end"
      ? `End ${which}${blockedUntil === undefined ? "" : ` and block the visitors ${blockedText(blockedUntilJson(blockedUntil))}`}?`
      : count < sessions
        ? `Erase ${which}, with all they did, for good?`
        : `Erase ${which}, with ${countOf(visits, "visit")} and ${countOf(actions, "action")}, for good?`;
  const asking = { ...(json === undefined ? {} : { json }) };
  const needsCount = kind === "forget" && filter.userId === undefined;
  if (confirm !== undefined || needsCount) {
    return await confirmCount(
      context,
      { ...asking, ...(confirm === undefined ? {} : { confirm }) },
      count,
      question,
      VERB[kind],
    );
  }
  await confirmYes(
    context,
    { ...asking, ...(yes === undefined ? {} : { yes }) },
    question,
    `--yes, or --confirm ${count}`,
  );
}

const VERB = { end: "end", forget: "erase" };

async function start(
  context: CliContext,
  connection: Connection,
  options: ManyOptions & ArchiveOptions,
  { kind, block }: ManyRequest,
  { filter, cutoff, sessions: expected }: ManyPreview,
): Promise<void> {
  const { archive: file, withoutIds, reason } = options;
  if (kind === "forget" && file !== undefined) {
    const { startArchivedPurge } = await import("../purges/archivedPurge.js");
    await startArchivedPurge(context, connection, options, {
      ...{ kind, file, filter, cutoff, expected, reason, withoutIds },
    });
    return await noteDebts(context, connection, options, kind);
  }
  await startAndFollow(context, connection, options, {
    kind,
    filter,
    cutoff,
    ...(block === undefined ? {} : { block }),
    expected,
    // Ended sessions keep it, as those do that are ended one by one.
    reason: reason ?? (kind === "end" ? context.actor : undefined),
  });
  await noteDebts(context, connection, options, kind);
}

/** Says that the app's hook has not taken the erasure of some, who are gone all the same. */
async function noteDebts(
  context: CliContext,
  { client }: Connection,
  { json, detach }: ManyOptions,
  kind: ManyRequest["kind"],
): Promise<void> {
  if (kind !== "forget" || json || detach) return;
  const { hookDebts } = await client.query("operator/status:get", {});
  if (hookDebts === 0) return;
  note(
    context,
    "The app's own rows of some who were erased may still be there: its hook failed, and what it owes is kept. `sessions-ops hooks` shows it, `sessions-ops hooks retry` calls it again.",
  );
}
