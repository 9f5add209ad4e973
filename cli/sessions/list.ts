import { MAX_LISTED } from "../../convex/sessionTracker/shared/limits.js";
import type { CliContext } from "../context.js";
import type { Args } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import { byDeploymentClock } from "../deployment/clock.js";
import { connect, type GlobalOptions } from "../deployment/connect.js";
import { CliError } from "../errors.js";
import {
  note,
  print,
  printJson,
  printJsonLine,
  widthOf,
} from "../terminal/output.js";
import { startProgress, type Progress } from "../terminal/progressBar.js";
import { blockedText } from "./blocked.js";
import { shellCommand } from "../terminal/shell.js";
import { formatTable } from "../terminal/table.js";
import { countOf } from "../terminal/words.js";
import { formatShortDuration, formatTime } from "../time/time.js";
import { parseDuration, parseMoment } from "../time/zonedTime.js";
import {
  toSessionJson,
  type ListJson,
  type SessionJson,
} from "../json/session.js";
import type { SessionState } from "../../convex/sessionTracker/shared/sessions.js";

export interface ListOptions extends GlobalOptions {
  readonly state?: SessionState;
  readonly activeWithin?: string;
  readonly inactiveSince?: string;
  readonly createdAfter?: string;
  readonly createdBefore?: string;
  readonly user?: string;
  readonly source?: string;
  readonly minEngaged?: string;
  readonly sort?: "created" | "active";
  readonly order: "asc" | "desc";
  readonly limit: number;
  readonly cursor?: string;
  readonly jsonl?: boolean;
}

export async function list(
  context: CliContext,
  options: ListOptions,
): Promise<void> {
  // An invalid time is refused before anybody is asked for theirs.
  toSearch(context, options);
  const { client } = await connect(context, options);
  const there = await byDeploymentClock(context, client);
  const search = toSearch(there, options);
  const found = await find(context, client, search, options);
  if (options.json) return printJson(context, found);
  if (!options.jsonl) {
    print(context, sessionTable(found.sessions, options, widthOf(context)));
  }
  if (hasNoIndex(options)) {
    note(
      context,
      `Looked at ${countOf(found.scanned, "session")}: no index serves ${filtersText(options)}.`,
    );
  }
  if (found.cursor !== null) {
    note(
      context,
      `More: the same command with ${shellCommand("--cursor", found.cursor)}`,
    );
  }
}

type Search = Pick<Args<"operator/search:page">, "filter" | "sort" | "order">;

/**
 * The search that the options describe. A search by activity is in order of activity, unless told
 * otherwise.
 */
function toSearch(context: CliContext, options: ListOptions): Search {
  const { state, user, activeWithin, inactiveSince, order } = options;
  const now = context.now();
  const moment = (text: string, option: string) =>
    parseMoment(text, option, now);
  const byActivity = activeWithin !== undefined || inactiveSince !== undefined;
  const filter: Search["filter"] = {};
  if (state !== undefined) filter.state = state;
  if (user !== undefined) filter.userId = user;
  if (activeWithin !== undefined) {
    filter.activeFrom = moment(activeWithin, "--active-within");
  }
  if (inactiveSince !== undefined) {
    filter.activeBefore = moment(inactiveSince, "--inactive-since");
  }
  if (options.createdAfter !== undefined) {
    filter.createdFrom = moment(options.createdAfter, "--created-after");
  }
  if (options.createdBefore !== undefined) {
    filter.createdBefore = moment(options.createdBefore, "--created-before");
  }
  if (options.source !== undefined) filter.source = options.source;
  if (options.minEngaged !== undefined) {
    filter.minEngagedMs = parseDuration(options.minEngaged, "--min-engaged");
  }
  checkRange("created", filter.createdFrom, filter.createdBefore);
  checkRange("last active", filter.activeFrom, filter.activeBefore);
  return {
    filter,
    sort: options.sort ?? (byActivity ? "active" : "created"),
    order,
  };
}

function checkRange(what: string, from = 0, before = Infinity): void {
  if (from < before) return;
  throw new CliError(
    "usage",
    `No session can be ${what} from ${formatTime(from)} and before ${formatTime(before)}. Swap the two, or leave one out.`,
  );
}

/**
 * Reads pages until the limit is filled: a filter leaves rows out of a page. Lines of `--jsonl` are printed as
 * they are found, so that whoever reads them need not wait for all.
 */
async function find(
  context: CliContext,
  client: ComponentClient,
  search: Search,
  options: ListOptions,
): Promise<ListJson> {
  const { limit, cursor: from } = options;
  const sessions: SessionJson[] = [];
  let count = 0;
  let scanned = 0;
  let cursor: string | null = from ?? null;
  const progress = await startLooking(context, client, options);
  try {
    do {
      const page = await readPage(client, search, limit - count, cursor);
      const rows = page.sessions.map(toSessionJson);
      if (!options.jsonl) sessions.push(...rows);
      else for (const row of rows) printJsonLine(context, row);
      count += rows.length;
      cursor = page.cursor;
      scanned += page.scanned;
      progress.update(scanned);
    } while (cursor !== null && count < limit);
  } finally {
    progress.stop();
  }
  return { sessions, cursor, scanned };
}

/** Shows how far a search is that may look at every session. */
async function startLooking(
  context: CliContext,
  client: ComponentClient,
  options: ListOptions,
): Promise<Progress> {
  const enabled =
    hasNoIndex(options) &&
    !options.json &&
    !options.jsonl &&
    context.stderr.isTTY === true;
  const total = enabled
    ? (await client.query("operator/status:get", {})).sessions.total
    : 0;
  return await startProgress(context, {
    total,
    unit: "looked at",
    enabled: enabled && total > MAX_LISTED,
  });
}

function hasNoIndex({ source, minEngaged }: ListOptions): boolean {
  return source !== undefined || minEngaged !== undefined;
}

function readPage(
  client: ComponentClient,
  search: Search,
  wanted: number,
  cursor: string | null,
) {
  const limit = Math.min(wanted, MAX_LISTED);
  return client.query("operator/search:page", { ...search, limit, cursor });
}

function filtersText({ source, minEngaged }: ListOptions): string {
  return [
    ...(source === undefined ? [] : ["--source"]),
    ...(minEngaged === undefined ? [] : ["--min-engaged"]),
  ].join(" or ");
}

/** What was filtered by is shown, too; else the table has no room for it. */
function sessionTable(
  sessions: SessionJson[],
  { source, minEngaged }: ListOptions,
  width?: number,
): string {
  if (sessions.length === 0) return "No sessions.";
  const withUser = sessions.some(({ userId }) => userId !== undefined);
  const withBlock = sessions.some((row) => row.blockedUntil !== undefined);
  return formatTable(
    [
      "SESSION",
      "ANONYMOUS ID",
      ...(withUser ? ["USER"] : []),
      "STATE",
      "CREATED",
      "LAST ACTIVE",
      "VISITS",
      "ACTIONS",
      ...(minEngaged === undefined ? [] : ["ENGAGED"]),
      ...(source === undefined ? [] : ["SOURCE"]),
      ...(withBlock ? ["BLOCKED"] : []),
    ],
    sessions.map((row) => [
      row.sessionId,
      row.anonymousId,
      ...(withUser ? [row.userId ?? "-"] : []),
      row.state,
      formatTime(Date.parse(row.createdAt)),
      formatTime(Date.parse(row.lastActive)),
      row.visits,
      row.actions,
      ...(minEngaged === undefined ? [] : [formatShortDuration(row.engagedMs)]),
      ...(source === undefined ? [] : [row.source]),
      ...(withBlock ? [blockedCell(row)] : []),
    ]),
    width,
  );
}

function blockedCell({ blockedUntil }: SessionJson): string {
  return blockedUntil === undefined ? "-" : blockedText(blockedUntil);
}
