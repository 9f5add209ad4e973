/** What rows and model are compared by. */
import type { Id } from "../../../convex/sessionTracker/_generated/dataModel.js";
import type { Visit } from "../../../convex/sessionTracker/shared/visits.js";
import { emptyDay, type DayCounts } from "../support/days.js";
import type { Rows } from "../support/rows.js";
import { actionKey, type SessionModel, type Visitor } from "./sessionModel.js";

export function factsOfModel({ visitors }: SessionModel) {
  return Object.fromEntries(
    [...visitors].map(([id, visitor]) => [id, factsOfVisitor(visitor)]),
  );
}

function factsOfVisitor(visitor: Visitor) {
  const { changedAt, movedAt, minute, keptMinute, ...compared } = visitor;
  const { actions, actionsOfVisit, ...facts } = compared;
  const { touchAfterMs, idleTimeoutMs, maxVisitMs, ...others } = facts;
  const { startedAt, engagedMs, engagedAt, entry, path, ...always } = others;
  const isActive = visitor.state === "active";
  return {
    ...always,
    // Only a lease keeps them.
    terms: isActive ? { touchAfterMs, idleTimeoutMs, maxVisitMs } : null,
    underWay: isActive ? { startedAt, engagedMs, entry, path } : null,
    actionsOfVisit: isActive ? actionsOfVisit : null,
    actions: actions.map(actionKey).toSorted(),
  };
}

export function factsOfRows({
  sessions,
  leases,
  visits: finished,
  actions,
}: Rows) {
  const leaseOf = new Map(leases.map((lease) => [lease.session, lease]));
  const actionsOf = new Map<Id<"sessions">, string[]>();
  for (const action of actions) {
    const keys = actionsOf.get(action.session) ?? [];
    actionsOf.set(action.session, [...keys, actionKey(action)]);
  }
  return Object.fromEntries(
    sessions.map((session) => {
      const lease = leaseOf.get(session._id);
      const { createdAt, state, visits, endReason, userId } = session;
      const { blockedUntil } = session;
      const { firstEntry, lastVisit } = session;
      const rowsOf = finished.filter((visit) => visit.session === session._id);
      const facts = {
        createdAt,
        state,
        visits,
        endReason,
        blockedUntil,
        userId,
        firstEntry,
        finished: [
          ...rowsOf.map(toVisit),
          ...(lastVisit === undefined ? [] : [lastVisit]),
        ],
        lastActive: session.inactiveSince ?? lease?.lastActive,
        terms:
          lease === undefined
            ? null
            : {
                touchAfterMs: lease.touchAfterMs,
                idleTimeoutMs: lease.idleTimeoutMs,
                maxVisitMs: lease.maxVisitMs ?? "never",
              },
        underWay:
          lease === undefined
            ? null
            : {
                startedAt: lease.startedAt,
                engagedMs: lease.engagedMs ?? 0,
                entry: lease.entry,
                path: lease.path,
              },
        former:
          lease?.formerUserId === undefined
            ? undefined
            : { userId: lease.formerUserId ?? undefined },
        actionsOfVisit:
          lease === undefined
            ? null
            : lease.actionCount + (lease.purgedActions ?? 0),
        actions: (actionsOf.get(session._id) ?? []).toSorted(),
      };
      return [session.anonymousId, facts];
    }),
  );
}

function toVisit({ _id, _creationTime, session, ...visit }: Row): Visit {
  return visit;
}
type Row = Rows["visits"][number];

/** Counted anew from every visit that ever closed. */
export function daysOf({ closed }: SessionModel) {
  const days = new Map<string, DayCounts>();
  for (const { visit, isFirst } of closed) {
    const day = new Date(visit.startedAt).toISOString().slice(0, 10);
    const counts = days.get(day) ?? emptyDay();
    counts.newVisitors += isFirst ? 1 : 0;
    counts.visits += 1;
    counts.bounces += visit.engagedMs < 10_000 && visit.actions === 0 ? 1 : 0;
    counts.engagedMs += visit.engagedMs;
    counts.actions += visit.actions;
    days.set(day, counts);
  }
  return Object.fromEntries(days);
}
