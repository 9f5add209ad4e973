import type { CliContext } from "../context.js";
import type { Action } from "../deployment/api.js";
import { connect, type GlobalOptions } from "../deployment/connect.js";
import {
  note,
  print,
  printJson,
  printJsonLine,
  widthOf,
} from "../terminal/output.js";
import { readSession, type IdOptions } from "./readSession.js";
import { shellCommand } from "../terminal/shell.js";
import { printable } from "../terminal/printable.js";
import { formatTable } from "../terminal/table.js";
import { shortened } from "../terminal/words.js";
import { formatTime } from "../time/time.js";
import {
  toActionJson,
  toSessionJson,
  type SessionJson,
  type ShowJson,
} from "../json/session.js";
import { valueText } from "../json/convexValue.js";

/** The characters of an action's metadata that a row of the table shows. */
const MAX_METADATA = 80;

export interface ShowOptions extends GlobalOptions, IdOptions {
  readonly limit: number;
  readonly cursor?: string;
  readonly jsonl?: boolean;
}

export async function show(
  context: CliContext,
  id: string,
  options: ShowOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const found = await readSession(client, id, options);
  const { limit, cursor: from = null } = options;
  const { actions, cursor } = await client.query("operator/show:timeline", {
    sessionId: found.sessionId,
    limit,
    cursor: from,
  });
  const session = toSessionJson(found);
  if (options.json) {
    return printJson(context, {
      ...session,
      timeline: actions.map(toActionJson),
      cursor,
    } satisfies ShowJson);
  }
  if (options.jsonl) {
    for (const action of actions) {
      printJsonLine(context, toActionJson(action));
    }
  } else {
    const timeline = timelineText(actions, widthOf(context));
    print(context, `${sessionText(session)}\n\n${timeline}`);
  }
  if (cursor !== null) {
    note(
      context,
      `Earlier: ${shellCommand("sessions-ops", "show", found.sessionId, "--session-id", "--cursor", cursor)}`,
    );
  }
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
    ["Actions", String(session.actions)],
    ["End reason", session.endReason ?? "-"],
  ]
    .map(([label = "", value = ""]) => label.padEnd(14) + printable(value))
    .join("\n");
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
