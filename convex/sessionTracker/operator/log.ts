/** The audit log, as operators read it, and what whoever imports writes into it. */
import { v, type Infer } from "convex/values";
import {
  mutation,
  query,
  type MutationCtx,
  type QueryCtx,
} from "../_generated/server.js";
import {
  AUDIT_WHATS,
  type AuditEntry,
  type AuditWhat,
  vAuditEntry,
  vAuditWhat,
} from "../shared/audit.js";
import { checkInteger, checkReason } from "../shared/errors.js";
import { MAX_LISTED } from "../shared/limits.js";
import { type Place, placeOf } from "../shared/places.js";
import { audit } from "../rows/audit.js";
import { readCursor, toCursor } from "../rows/cursors.js";
import { merged } from "../rows/merge.js";
import { walkAudit } from "../rows/walks.js";
import { isOfSchedules, olderChanges } from "../settings/changes.js";

const vLogged = v.object({
  /** When it was done, in ms since the epoch. */
  at: v.number(),
  ...vAuditEntry.fields,
});
type Logged = Infer<typeof vLogged>;

/** The most changes from before there was an audit log that one call looks through. */
const MAX_OLDER = 4_000;

/**
 * A page of the audit log, newest first, of at most `limit`, up to 1,000. The cursor leads to the next page, and is
 * `null` at the end. Changes of settings from before there was an audit log are its oldest entries.
 * @throws invalidArgument
 */
export const page = query({
  args: {
    /** Only entries of these kinds. @default all */
    what: v.optional(v.array(vAuditWhat)),
    /** Only entries since this time: in ms since the epoch, or so long ago by the deployment's clock. */
    since: v.optional(v.union(v.number(), v.object({ agoMs: v.number() }))),
    limit: v.number(),
    cursor: v.optional(v.union(v.string(), v.null())),
  },
  returns: v.object({
    entries: v.array(vLogged),
    cursor: v.union(v.string(), v.null()),
  }),
  handler: async (ctx, { what = AUDIT_WHATS, since, limit, cursor = null }) => {
    checkInteger("limit", limit, 1, MAX_LISTED);
    const from =
      since === undefined
        ? -Infinity
        : typeof since === "number"
          ? since
          : Date.now() - since.agoMs;
    const after = cursor === null ? null : readCursor(cursor);
    const found: Found[] = [];
    for await (const one of allEntries(ctx, new Set(what), from, after)) {
      found.push(one);
      // One more than asked for tells whether there is another page.
      if (found.length > limit || one.entry === null) break;
    }
    const shown = found.slice(0, limit);
    const last = found.at(-1);
    const isEnd = found.length <= limit && last?.entry !== null;
    const end = last?.entry === null ? last : shown.at(-1);
    return {
      entries: shown.flatMap(({ entry }) => entry ?? []),
      cursor: isEnd || end === undefined ? null : toCursor(end.place),
    };
  },
});

// ── Imports, whose rows come in many calls ──────────────────────────────────

/**
 * Says that an import begins.
 * @throws invalidArgument for an empty reason
 */
export const importStarted = mutation({
  args: {
    /** The caller's own name for the import, which names nobody: a UUID. To repeat the call changes nothing. */
    importId: v.string(),
    actor: v.string(),
    reason: v.optional(v.string()),
    /** Number of rows that are to be sent. */
    rows: v.number(),
  },
  returns: v.null(),
  handler: async (ctx, { importId: target, actor, reason, rows }) => {
    checkReason(reason);
    await auditOnce(ctx, {
      what: "import.started",
      actor,
      ...(reason === undefined ? {} : { reason }),
      target,
      counts: { rows },
    });
    return null;
  },
});

/** Says that an import has come to its end, with how many there were of what. */
export const importFinished = mutation({
  args: {
    importId: v.string(),
    actor: v.string(),
    counts: v.record(v.string(), v.number()),
  },
  returns: v.null(),
  handler: async (ctx, { importId: target, ...entry }) => {
    await auditOnce(ctx, { what: "import.finished", target, ...entry });
    return null;
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Writes the entry, unless it is a repetition of the last one of its kind. */
async function auditOnce(ctx: MutationCtx, entry: AuditEntry): Promise<void> {
  const last = await ctx.db
    .query("audit")
    .withIndex("what_at", (q) => q.eq("what", entry.what))
    .order("desc")
    .first();
  if (last?.target !== entry.target) await audit(ctx, entry);
}

interface Found {
  place: Place;
  /** `null` at the place where the call has looked at as much as it may. */
  entry: Logged | null;
}

async function* allEntries(
  ctx: QueryCtx,
  what: ReadonlySet<AuditWhat>,
  from: number,
  after: Place | null,
): AsyncGenerator<Found> {
  const olderId =
    after === null ? null : ctx.db.normalizeId("settingsLog", after.id);
  if (olderId === null) {
    const stretch = { order: "desc" as const, after, from };
    const isAll = AUDIT_WHATS.every((one) => what.has(one));
    const walks = isAll ? [undefined] : [...what];
    yield* merged(
      walks.map((one) => placed(walkAudit(ctx, one, stretch))),
      "desc",
    );
    yield* older(ctx, what, from, Infinity);
    return;
  }
  // The oldest are deleted first: where the row is gone, so are all before it.
  const row = await ctx.db.get("settingsLog", olderId);
  if (row !== null) yield* older(ctx, what, from, row.revision);
}

async function* placed(
  rows: ReturnType<typeof walkAudit>,
): AsyncGenerator<Found> {
  for await (const row of rows) {
    const { _id, _creationTime, ...entry } = row;
    yield { place: placeOf(entry.at, row), entry };
  }
}

async function* older(
  ctx: QueryCtx,
  what: ReadonlySet<AuditWhat>,
  from: number,
  before: number,
): AsyncGenerator<Found> {
  if (!what.has("settings.changed") && !what.has("schedule.changed")) return;
  let looked = 0;
  for await (const row of olderChanges(ctx, before)) {
    const { _id, _creationTime, ...change } = row;
    if (change.at < from) return;
    const kind = isOfSchedules(change.after as object)
      ? "schedule.changed"
      : "settings.changed";
    const place = placeOf(change.at, row);
    looked += 1;
    if (what.has(kind)) yield { place, entry: { what: kind, ...change } };
    else if (looked >= MAX_OLDER) yield { place, entry: null };
  }
}
