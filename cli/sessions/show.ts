import type { CliContext } from "../context.js";
import type { Action, SessionVisit } from "../deployment/api.js";
import { connect, type GlobalOptions } from "../deployment/connect.js";
import {
  note,
  print,
  printJson,
  printJsonLine,
  widthOf,
} from "../terminal/output.js";
import { blockedText } from "./blocked.js";
import { readSession, type IdOptions } from "./readSession.js";
import { shellCommand } from "../terminal/shell.js";
import { printable } from "../terminal/printable.js";
import { formatTable } from "../terminal/table.js";
import { shortened } from "../terminal/wrap.js";
import { formatShortDuration, formatTime } from "../time/time.js";
import {
  toActionJson,
  toSessionJson,
  toVisitJson,
  type SessionJson,
  type ShowJson,
} from "../json/session.js";
import { sourceOf } from "../../convex/sessionTracker/shared/visits.js";
import { valueText } from "../json/convexValue.js";

/** The characters of an action's metadata that a row of the table shows. */
const MAX_METADATA = 80;

/** The characters of a source or a path that a row of the table shows. */
const MAX_PLACE = 40;

export interface ShowOptions extends GlobalOptions, IdOptions {
  readonly limit: number;
  readonly cursor?: string;
  readonly visits: number;
  readonly visitsCursor?: string;
  readonly jsonl?: boolean;
}

export async function show(
  context: CliContext,
  id: string,
  options: ShowOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const noteEarlier = (what: string, from: Partial<ShowOptions>) => {
    const flags = pageFlags({ ...options, ...from });
    note(
      context,
      `${what}: ${shellCommand("sessions-ops", "show", found.sessionId, "--session-id", ...flags)}`,
    );
  };
  const found = await readSession(client, id, options);
  const { limit, cursor: from = null } = options;
  const { actions, cursor } = await client.query("operator/show:timeline", {
    sessionId: found.sessionId,
    limit,
    cursor: from,
  });
  const past = await client.query("operator/visits:list", {
    session: { sessionId: found.sessionId },
    limit: options.visits,
    cursor: options.visitsCursor ?? null,
  });
  const session = toSessionJson(found);
  if (options.json) {
    return printJson(context, {
      ...session,
      timeline: actions.map(toActionJson),
      cursor,
      visitList: past.visits.map(toVisitJson),
      visitsCursor: past.cursor,
    } satisfies ShowJson);
  }
  if (options.jsonl) {
    for (const action of actions) {
      printJsonLine(context, toActionJson(action));
    }
  } else {
    const width = widthOf(context);
    const parts = [
      sessionText(session),
      visitsText(past.visits, width),
      timelineText(actions, width),
    ];
    print(context, parts.join("\n\n"));
    if (past.cursor !== null) {
      noteEarlier("Earlier visits", { visitsCursor: past.cursor });
    }
  }
  if (cursor !== null) noteEarlier("Earlier", { cursor });
}

/** The flags of the same command at other pages. */
function pageFlags(options: ShowOptions): string[] {
  const { limit, visits, cursor, visitsCursor, jsonl = false } = options;
  return [
    ...["--limit", String(limit)],
    ...(cursor === undefined ? [] : ["--cursor", cursor]),
    ...(jsonl ? ["--jsonl"] : ["--visits", String(visits)]),
    ...(visitsCursor === undefined || jsonl
      ? []
      : ["--visits-cursor", visitsCursor]),
  ];
}

function sessionText(session: SessionJson): string {
  const { createdAt, lastActive } = session;
  return [
    ["Session", session.sessionId],
    ["Anonymous ID", session.anonymousId],
    ["User", session.userId ?? "-"],
    ["State", session.state],
    ["Created", formatTime(Date.parse(createdAt))],
    ["Last active", formatTime(Date.parse(lastActive))],
    ["Visits", String(session.visits)],
    ["Engaged", formatShortDuration(session.engagedMs)],
    ["Came from", session.source],
    ["Actions", String(session.actions)],
    ["End reason", session.endReason ?? "-"],
    ...(session.blockedUntil === undefined
      ? []
      : [["Blocked", blockedText(session.blockedUntil)]]),
  ]
    .map(([label = "", value = ""]) => label.padEnd(14) + printable(value))
    .join("\n");
}

function visitsText(visits: SessionVisit[], width?: number): string {
  if (visits.length === 0) return "No visits.";
  // Users may have shared the browser: each visit has its own.
  const withUser = visits.some(({ userId }) => userId !== undefined);
  return formatTable(
    [
      ...["STARTED", "ENDED", "WHY", "ENGAGED", "ACTIONS", "FROM"],
      ...["ENTRY", "EXIT", ...(withUser ? ["USER"] : [])],
    ],
    visits.map((visit) => [
      formatTime(visit.startedAt),
      visit.endedAt === null ? "under way" : formatTime(visit.endedAt),
      visit.why ?? "-",
      formatShortDuration(visit.engagedMs),
      visit.actions,
      shortened(sourceOf(visit.entry), MAX_PLACE),
      shortened(visit.entry?.path ?? "-", MAX_PLACE),
      shortened(visit.exitPath ?? "-", MAX_PLACE),
      ...(withUser ? [shortened(visit.userId ?? "-", MAX_PLACE)] : []),
    ]),
    width,
  );
}

function timelineText(actions: Action[], width?: number): string {
  if (actions.length === 0) return "No actions.";
  return formatTable(
    ["AT", "ACTION", "RESOURCE", "METADATA"],
    actions.map(({ at, action, resourceId, metadata }) => [
      formatTime(at),
      action,
      resourceId ?? "-",
      metadata === undefined
        ? "-"
        : shortened(valueText(metadata), MAX_METADATA),
    ]),
    width,
  );
}
