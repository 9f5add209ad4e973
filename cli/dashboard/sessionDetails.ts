/** One session with its visits, for an operator who names it on the page. */
import type { ComponentClient } from "../deployment/client.js";
import { toSessionJson, toVisitJson } from "../json/session.js";
import type { SessionDetails } from "./shapes.js";

/** The number of visits that the page shows; `sessions-ops show` has the others. */
const SHOWN = 50;

/**
 * @param id sessionId or anonymousId
 * @returns `null` where there is no such session
 * @throws CliError where the deployment does not answer, or the id is one of each kind
 */
export async function readSessionDetails(
  client: ComponentClient,
  id: string,
): Promise<SessionDetails | null> {
  const found = await client.query("operator/show:get", { id });
  if (found === null) return null;
  const { visits, cursor } = await client.query("operator/visits:list", {
    session: { sessionId: found.sessionId },
    limit: SHOWN,
    cursor: null,
  });
  const { anonymousId, ...session } = toSessionJson(found);
  return {
    session,
    visits: visits.map(toVisitJson),
    hasMore: cursor !== null,
  };
}
