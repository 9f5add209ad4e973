import type { CliContext } from "../context.js";
import type { Action } from "../lib/api.js";
import { connect, type GlobalOptions } from "../lib/connect.js";
import { CliError } from "../lib/errors.js";
import { note, print, printJson } from "../lib/output.js";
import { toSessionJson } from "../lib/sessionRows.js";
import { formatTable, printable } from "../lib/table.js";
import { formatTime, iso } from "../lib/time.js";
import type { ActionJson, SessionJson, ShowJson } from "../shapes.js";

export interface ShowOptions extends GlobalOptions {
  readonly limit: number;
  readonly cursor?: string;
}

export async function show(
  context: CliContext,
  id: string,
  options: ShowOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const found = await client.query("sessions:get", { id });
  if (found === null) {
    throw new CliError(
      "failure",
      `There is no session with the sessionId or anonymousId ${JSON.stringify(id)}. It may have been purged.`,
    );
  }
  const { limit, cursor: from = null } = options;
  const { actions, cursor } = await client.query("sessions:timeline", {
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
  print(context, `${sessionText(session)}\n\n${timelineText(actions)}`);
  if (cursor !== null) {
    note(context, `Earlier: sessions-ops show ${id} --cursor ${cursor}`);
  }
}

function toActionJson({ at, ...action }: Action): ActionJson {
  return { at: iso(at), ...action };
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

function timelineText(actions: Action[]): string {
  if (actions.length === 0) return "No actions.";
  return formatTable(
    ["AT", "ACTION", "RESOURCE", "METADATA"],
    actions.map(({ at, action, resourceId, metadata }) => [
      formatTime(at),
      action,
      resourceId ?? "-",
      metadata === undefined ? "-" : shorten(JSON.stringify(metadata)),
    ]),
  );
}

function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
