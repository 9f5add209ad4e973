/** All sessions as lines, in the order of their anonymousIds, with no more than a page in memory. */
import type { Returns, WholeSession } from "../../deployment/api.js";
import type { ComponentClient } from "../../deployment/client.js";
import { actionText } from "../lineFormat.js";
import { SessionLines, type Written } from "./oneSession.js";

export interface Exported extends Written {
  sessions: number;
}

/** @param exported counts the sessions and lines as they are given out */
export async function* exportLines(
  client: ComponentClient,
  exported: Exported,
  { withoutIds = false }: { withoutIds?: boolean } = {},
): AsyncGenerator<string> {
  let text: SessionLines | null = null;
  let sessionId: string | null = null;
  for await (const { actions, ...of } of pieces(client)) {
    const { session } = of;
    if (text === null || session.sessionId !== sessionId) {
      if (text !== null) yield* text.end();
      // Several lines may belong to one session; without ids nothing else says so.
      const more = withoutIds ? { sessionId: session.sessionId } : {};
      // An import knows no visits yet.
      const { lastVisit, firstEntry, ...known } = session;
      const line = {
        session: { ...known, engagedMs: 0 },
        lastActive: of.lastActive,
        underWay: null,
      };
      text = new SessionLines(line, exported, more, { withoutIds });
      sessionId = session.sessionId;
      exported.sessions += 1;
    }
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
