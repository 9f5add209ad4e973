/** Reading the run ledger. */
import { v } from "convex/values";
import { query } from "../_generated/server.js";
import { checkInteger } from "../shared/errors.js";
import { MAX_LISTED_RUNS } from "../shared/limits.js";
import { placeOf } from "../shared/places.js";
import { vRunKind } from "../shared/runs/kinds.js";
import { vRun } from "../shared/runs/run.js";
import { readCursor, toCursor } from "../rows/cursors.js";
import { walkRuns } from "../rows/walks.js";
import { findRun, toRun } from "./runRows.js";

/** One run; `null` where there is none with the id. */
export const get = query({
  args: { runId: v.string() },
  returns: v.union(vRun, v.null()),
  handler: async (ctx, { runId }) => {
    const run = await findRun(ctx, runId);
    return run === null ? null : toRun(run);
  },
});

/** Runs, of all kinds or of one, newest first: 20, or `limit` of them, up to 200. @throws invalidArgument */
export const list = query({
  args: { kind: v.optional(vRunKind), limit: v.optional(v.number()) },
  returns: v.array(vRun),
  handler: async (ctx, { kind, limit = 20 }) => {
    const runs = walkRuns(ctx, kind, { order: "desc", after: null });
    const rows = await runs.take(
      checkInteger("limit", limit, 1, MAX_LISTED_RUNS),
    );
    return rows.map(toRun);
  },
});

/**
 * A page of the runs, newest first, of at most `limit`, up to 200. The cursor leads to the next page, and is
 * `null` at the end.
 * @throws invalidArgument
 */
export const page = query({
  args: {
    kind: v.optional(vRunKind),
    limit: v.number(),
    cursor: v.optional(v.union(v.string(), v.null())),
  },
  returns: v.object({
    runs: v.array(vRun),
    cursor: v.union(v.string(), v.null()),
  }),
  handler: async (ctx, { kind, limit, cursor = null }) => {
    checkInteger("limit", limit, 1, MAX_LISTED_RUNS);
    const after = cursor === null ? null : readCursor(cursor);
    const runs = walkRuns(ctx, kind, { order: "desc", after });
    // A row more than asked for tells whether there is another page.
    const rows = await runs.take(limit + 1);
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const isEnd = rows.length <= limit || last === undefined;
    return {
      runs: shown.map(toRun),
      cursor: isEnd ? null : toCursor(placeOf(last.startedAt, last)),
    };
  },
});
