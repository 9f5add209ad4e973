import type { CliContext } from "../context.js";
import type { ComponentClient } from "../lib/client.js";
import { connect, type GlobalOptions } from "../lib/connect.js";
import { note, print, printJson } from "../lib/output.js";
import { withActivity } from "../lib/sessionRows.js";
import { formatTable } from "../lib/table.js";
import { formatTime } from "../lib/time.js";
import type { ListJson, SessionJson } from "../shapes.js";

export interface ListOptions extends GlobalOptions {
  readonly active?: boolean;
  readonly limit: number;
  readonly cursor?: string;
}

/** The most a single call returns. */
const PAGE = 1_000;

export async function list(
  context: CliContext,
  options: ListOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const found = await listSessions(client, options);
  if (options.json) return printJson(context, found);
  print(context, sessionTable(found.sessions));
  if (found.cursor !== null) {
    note(
      context,
      `More: sessions-ops list${options.active ? " --active" : ""} --cursor ${found.cursor}`,
    );
  }
}

/** Reads on until the limit is filled, since `--active` leaves idle rows out of a page. */
async function listSessions(
  client: ComponentClient,
  { active = false, limit, cursor: from }: ListOptions,
): Promise<ListJson> {
  const sessions: SessionJson[] = [];
  let cursor: string | null = from ?? null;
  do {
    const page = await readPage(
      client,
      active,
      limit - sessions.length,
      cursor,
    );
    const rows = await withActivity(client, page.sessions);
    sessions.push(
      ...(active ? rows.filter(({ state }) => state === "active") : rows),
    );
    cursor = page.cursor;
  } while (cursor !== null && sessions.length < limit);
  return { sessions, cursor };
}

function readPage(
  client: ComponentClient,
  active: boolean,
  wanted: number,
  cursor: string | null,
) {
  return client.query("sessions:list", {
    ...(active ? { state: "active" as const } : {}),
    limit: Math.min(wanted, PAGE),
    cursor,
  });
}

function sessionTable(sessions: SessionJson[]): string {
  if (sessions.length === 0) return "No sessions.";
  return formatTable(
    [
      "SESSION",
      "ANONYMOUS ID",
      "STATE",
      "CREATED",
      "LAST ACTIVE",
      "VISITS",
      "ACTIONS",
    ],
    sessions.map((row) => [
      row.sessionId,
      row.anonymousId,
      row.state,
      formatTime(Date.parse(row.createdAt)),
      formatTime(Date.parse(row.lastActive)),
      row.visits,
      row.actions,
    ]),
  );
}
