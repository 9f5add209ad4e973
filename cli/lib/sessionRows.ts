/** Joins what does not change with every heartbeat (sessions) and what does (leases). */
import type { SessionJson } from "../shapes.js";
import type { Lease, SessionRow, SessionWithLease } from "./api.js";
import type { ComponentClient } from "./client.js";
import { iso } from "./time.js";

/** Rows as an operator sees them; those deleted since the page was read are left out. */
export async function withActivity(
  client: ComponentClient,
  sessions: SessionRow[],
): Promise<SessionJson[]> {
  const leases = await activityOf(client, sessions);
  const rows = await Promise.all(
    sessions.map(async (session) => {
      const lease = leases.get(session.anonymousId) ?? null;
      // Expired, ended or purged between the two reads: it has neither a lease nor the time of
      // its last activity, so it is read again, whole.
      const settled: SessionWithLease | null =
        session.inactiveSince === null && lease === null
          ? await client.query("sessions:get", { id: session.sessionId })
          : { ...session, lease };
      return settled && toSessionJson(settled);
    }),
  );
  return rows.filter((row) => row !== null);
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

async function activityOf(
  client: ComponentClient,
  sessions: SessionRow[],
): Promise<Map<string, Lease>> {
  const anonymousIds = sessions
    .filter(({ state }) => state === "active")
    .map(({ anonymousId }) => anonymousId);
  if (anonymousIds.length === 0) return new Map();
  const rows = await client.query("sessions:activity", { anonymousIds });
  return new Map(rows.map(({ anonymousId, ...lease }) => [anonymousId, lease]));
}
