import type { SessionJson } from "../shapes.js";
import type { SessionWithLease } from "./api.js";
import type { ComponentClient } from "./client.js";
import { CliError } from "./errors.js";
import { iso } from "./time.js";

/** The session with this sessionId or anonymousId. */
export async function readSession(
  client: ComponentClient,
  id: string,
): Promise<SessionWithLease> {
  const found = await client.query("sessions:get", { id });
  if (found !== null) return found;
  throw new CliError(
    "failure",
    `There is no session with the sessionId or anonymousId ${JSON.stringify(id)}. It may have been purged; \`sessions-ops list\` shows those there are.`,
  );
}

/** A session past its idle timeout is expired, whether or not a run has come by. */
export function toSessionJson(session: SessionWithLease): SessionJson {
  const { lease, userId, endReason } = session;
  return {
    sessionId: session.sessionId,
    anonymousId: session.anonymousId,
    state: lease?.idle ? "expired" : session.state,
    createdAt: iso(session.createdAt),
    lastActive: iso(
      lease?.lastActive ?? session.inactiveSince ?? session.createdAt,
    ),
    visits: session.visits,
    actions: session.actionCount + (lease?.actionCount ?? 0),
    ...(userId === undefined ? {} : { userId }),
    ...(endReason === undefined ? {} : { endReason }),
  };
}
