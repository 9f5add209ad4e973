/**
 * The figures of days, and all sessions in the order of their anonymousIds, as lines, with no more than a page in
 * memory.
 */
import type { Returns, WholeSession } from "../../deployment/api.js";
import type { ComponentClient } from "../../deployment/client.js";
import { actionText, dayLine } from "../lineFormat.js";
import type { Day } from "../../../convex/sessionTracker/shared/days.js";
import { SessionLines, type Written } from "./oneSession.js";

export interface Exported extends Written {
  sessions: number;
  days: number;
}

/** @param exported counts the sessions and lines as they are given out */
export async function* exportLines(
  client: ComponentClient,
  exported: Exported,
  { withoutIds = false }: { withoutIds?: boolean } = {},
): AsyncGenerator<string> {
  // A visit that closes while the sessions are read is in the figures of no day, rather than twice when it is
  // imported.
  for await (const day of days(client)) {
    exported.days += 1;
    exported.lines += 1;
    yield dayLine(day);
  }
  let text: SessionLines | null = null;
  let sessionId: string | null = null;
  for await (const { visits, actions, ...of } of pieces(client)) {
    const { session } = of;
    if (text === null || session.sessionId !== sessionId) {
      if (text !== null) yield* text.end();
      // Several lines may belong to one session; without ids nothing else says so.
      const more = withoutIds ? { sessionId: session.sessionId } : {};
      text = new SessionLines(of, exported, more, { withoutIds });
      sessionId = session.sessionId;
      exported.sessions += 1;
    }
    for (const visit of visits) yield* text.addVisit(visit);
    for (const action of actions) {
      yield* text.add(action.at, actionText(action));
    }
  }
  if (text !== null) yield* text.end();
}

async function* pieces(client: ComponentClient): AsyncGenerator<WholeSession> {
  let cursor: Returns<"operator/export:page">["cursor"] = null;
  do {
    const page: Returns<"operator/export:page"> = await client.query(
      "operator/export:page",
      { cursor },
    );
    yield* page.sessions;
    cursor = page.cursor;
  } while (cursor !== null);
}

async function* days(client: ComponentClient): AsyncGenerator<Day> {
  let after: string | null = null;
  for (;;) {
    const page: Day[] = await client.query("operator/export:days", { after });
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.day;
  }
}
