/** The visits of one session, the one under way included. */
import { v } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { query, type QueryCtx } from "../_generated/server.js";
import { comparePlaces, placeOf, type Place } from "../shared/places.js";
import { vSessionOf } from "../shared/sessions.js";
import { type SessionVisit, vSessionVisit } from "../shared/sessionVisits.js";
import { isIdle, type Visit } from "../shared/visits.js";
import { merged } from "../rows/merge.js";
import { readPage, vPageArgs, vPageEnds } from "../rows/pages.js";
import { findLease, findOne } from "../rows/sessions.js";
import { walkVisits } from "../rows/walks.js";
import { visitOf } from "../visitors/closeVisit.js";

/**
 * The visits of a session, newest first; none where there is no such session. A visit past its idle timeout
 * is over, whether or not a run has come by. Reads the lease, so that the visitor's heartbeats re-run it.
 * @throws invalidArgument
 */
export const list = query({
  args: { session: vSessionOf, ...vPageArgs.fields },
  returns: v.object({ visits: v.array(vSessionVisit), ...vPageEnds.fields }),
  handler: async (ctx, { session: of, ...asked }) => {
    const session = await findOne(ctx, of);
    const { page, ...ends } = await readPage(asked, (after) =>
      session === null ? [] : placedVisits(ctx, session, after),
    );
    return { visits: page.map(({ visit }) => visit), ...ends };
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

interface Placed {
  place: Place;
  visit: SessionVisit;
}

function placedVisits(
  ctx: QueryCtx,
  session: Doc<"sessions">,
  after: Place | null,
): AsyncIterable<Placed> {
  return merged<Placed>(
    [withoutRow(ctx, session, after), withRow(ctx, session, after)],
    "desc",
  );
}

/** The visit under way, and the last that is over: neither has a row in `visits`. */
async function* withoutRow(
  ctx: QueryCtx,
  session: Doc<"sessions">,
  after: Place | null,
): AsyncGenerator<Placed> {
  const { _id, lastVisit } = session;
  const lease =
    session.state === "active"
      ? await findLease(ctx, session.anonymousId)
      : null;
  const found: Placed[] = [];
  // They come before rows that began in the same moment, and the visit under way before the last.
  if (lease !== null) {
    const visit = leasedVisit(session, lease, Date.now());
    const _creationTime = Infinity;
    found.push({
      place: placeOf(visit.startedAt, { _creationTime, _id }),
      visit,
    });
  }
  if (lastVisit !== undefined) {
    const _creationTime = Number.MAX_VALUE;
    const place = placeOf(lastVisit.startedAt, { _creationTime, _id });
    found.push({ place, visit: lastVisit });
  }
  found.sort((a, b) => comparePlaces(a.place, b.place, "desc"));
  for (const each of found) {
    if (after === null || comparePlaces(each.place, after, "desc") > 0) {
      yield each;
    }
  }
}

async function* withRow(
  ctx: QueryCtx,
  { _id, visitRows = 0 }: Doc<"sessions">,
  after: Place | null,
): AsyncGenerator<Placed> {
  if (visitRows === 0) return;
  for await (const row of walkVisits(ctx, _id, { order: "desc", after })) {
    const { _id: id, _creationTime, session, ...visit } = row;
    const place = placeOf(visit.startedAt, { _id: id, _creationTime });
    yield { place, visit };
  }
}

function leasedVisit(
  session: Doc<"sessions">,
  lease: Doc<"leases">,
  now: number,
): SessionVisit {
  const visit: Visit = visitOf(session, lease, lease.lastActive, "idle");
  return isIdle(lease, now) ? visit : { ...visit, endedAt: null, why: null };
}
