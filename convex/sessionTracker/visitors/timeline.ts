/** The actions of one session, as the app's own code pages through them. */
import { getConvexSize, v } from "convex/values";
import type { Id } from "../_generated/dataModel.js";
import { query, type QueryCtx } from "../_generated/server.js";
import { placeOf, type Place } from "../shared/places.js";
import { type Action, vAction, vSessionOf } from "../shared/sessions.js";
import { readPage, vPageArgs, vPageEnds } from "../rows/pages.js";
import { findOne } from "../rows/sessions.js";
import { walkActions } from "../rows/walks.js";

/**
 * The actions of a session, newest first; none where there is no such session. A page may end early, at 4 MiB of
 * metadata. Reads one document an action and two more; the visitor's actions re-run it.
 * @throws invalidArgument
 */
export const list = query({
  args: { session: vSessionOf, ...vPageArgs.fields },
  returns: v.object({ actions: v.array(vAction), ...vPageEnds.fields }),
  handler: async (ctx, { session: of, ...asked }) => {
    const session = await findOne(ctx, of);
    const { page, ...ends } = await readPage(asked, (after) =>
      session === null ? [] : placed(ctx, session._id, after),
    );
    return { actions: page.map(({ action }) => action), ...ends };
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

async function* placed(
  ctx: QueryCtx,
  of: Id<"sessions">,
  after: Place | null,
): AsyncGenerator<{ place: Place; sizeBytes: number; action: Action }> {
  for await (const row of walkActions(ctx, of, { order: "desc", after })) {
    const { _id, _creationTime, session, ...action } = row;
    const sizeBytes = getConvexSize(action);
    yield { place: placeOf(row.at, row), sizeBytes, action };
  }
}
