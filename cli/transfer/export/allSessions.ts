/**
 * The figures of days, and all sessions in the order of their anonymousIds, as lines, with no more than two pages
 * in memory: while one is written, the next is on its way.
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
  let next: Promise<Page> | null = pageAfter(client, null);
  while (next !== null) {
    const { sessions, cursor }: Page = await next;
    next = cursor === null ? null : pageAfter(client, cursor);
    yield* sessions;
  }
}

type Page = Returns<"operator/export:page">;

/** Asks for a page ahead: its failure shows when it is awaited, or to nobody where the export ends before. */
function pageAfter(
  client: ComponentClient,
  cursor: Page["cursor"],
): Promise<Page> {
  const page = client.query("operator/export:page", { cursor });
  page.catch(() => undefined);
  return page;
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
