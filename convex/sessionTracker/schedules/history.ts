/**
 * What the fires of schedules came to. The last one of each schedule is in its row of `ticks`, which a fire writes
 * anyway, and counts on while nothing else comes of its fires: so a schedule that finds nothing due costs nothing
 * more. It moves to `fires` once a fire has another outcome.
 */
import { v, type Infer } from "convex/values";
import {
  query,
  type MutationCtx,
  type QueryCtx,
} from "../_generated/server.js";
import { checkInteger, fail } from "../shared/errors.js";
import { vFire, type FireRecord } from "../shared/fires/fire.js";
import { MAX_LISTED_RUNS } from "../shared/limits.js";
import { vRunStatus } from "../shared/runs/run.js";
import {
  SCHEDULE_NAMES,
  type ScheduleName,
  vScheduleName,
} from "../shared/schedules.js";
import { findTick } from "./ticks.js";

/** The most rows of `fires` that a schedule keeps, the newest. */
const KEPT = 500;

const vShownFire = v.object({
  name: vScheduleName,
  ...vFire.fields,
  /** What has become of the run; `null` without one, and where the ledger has it no more. */
  run: v.union(
    v.object({
      status: vRunStatus,
      sessions: v.number(),
      /** When it goes on, where it waits for its window; absent in others. */
      waitingUntil: v.optional(v.number()),
    }),
    v.null(),
  ),
});
type ShownFire = Infer<typeof vShownFire>;

/**
 * The fires of one schedule or of all, newest first: up to `limit`, at most 200. The cursor leads to the next page,
 * and is `null` at the end. Kept are the newest 500 of each schedule, where fires in a row with one outcome count as
 * one, but for those that started runs.
 * @throws invalidArgument
 */
export const page = query({
  args: {
    name: v.optional(vScheduleName),
    limit: v.number(),
    cursor: v.optional(v.union(v.string(), v.null())),
  },
  returns: v.object({
    fires: v.array(vShownFire),
    cursor: v.union(v.string(), v.null()),
  }),
  handler: async (ctx, { name, limit, cursor = null }) => {
    checkInteger("limit", limit, 1, MAX_LISTED_RUNS);
    const before = readCursor(cursor);
    const found = [];
    for (const kind of name === undefined ? SCHEDULE_NAMES : [name]) {
      found.push(...(await firesBefore(ctx, kind, before[kind], limit + 1)));
    }
    found.sort((a, b) => b.at - a.at || b.dueAt - a.dueAt);
    const shown = found.slice(0, limit);
    for (const { name, seq } of shown) before[name] = seq;
    const fires: ShownFire[] = [];
    for (const fire of shown) fires.push(await withRun(ctx, fire));
    const isEnd = found.length <= limit;
    return { fires, cursor: isEnd ? null : cursorOf(before) };
  },
});

/**
 * Remembers a fire behind the last one.
 * @returns the fire that is the last one now; the caller writes it to the schedule's row of `ticks`
 */
export async function remember(
  ctx: MutationCtx,
  name: ScheduleName,
  last: FireRecord | undefined,
  fire: Omit<FireRecord, "seq">,
): Promise<FireRecord> {
  if (last === undefined) return { seq: 1, ...fire };
  if (isSame(last, fire)) {
    const { firstDueAt } = last;
    return { ...last, ...fire, firstDueAt, count: last.count + fire.count };
  }
  await ctx.db.insert("fires", { name, ...last });
  const old = await ctx.db
    .query("fires")
    .withIndex("name_seq", (q) =>
      q.eq("name", name).lte("seq", last.seq - KEPT),
    )
    .take(2);
  for (const { _id } of old) await ctx.db.delete("fires", _id);
  return { seq: last.seq + 1, ...fire };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Whether a fire came to the same as the one before. Fires that started runs are told one by one. */
function isSame(last: FireRecord, fire: Omit<FireRecord, "seq">): boolean {
  return (
    fire.outcome !== "missed" &&
    last.outcome === fire.outcome &&
    last.runId === fire.runId &&
    last.reason === fire.reason
  );
}

type NamedFire = FireRecord & { name: ScheduleName };

async function firesBefore(
  ctx: QueryCtx,
  name: ScheduleName,
  before: number,
  count: number,
): Promise<NamedFire[]> {
  const last = (await findTick(ctx, name))?.last;
  const rows = await ctx.db
    .query("fires")
    .withIndex("name_seq", (q) => q.eq("name", name).lt("seq", before))
    .order("desc")
    .take(count);
  const older = rows.map(({ _id, _creationTime, ...fire }) => fire);
  return last === undefined || last.seq >= before
    ? older
    : [{ name, ...last }, ...older];
}

async function withRun(ctx: QueryCtx, fire: NamedFire): Promise<ShownFire> {
  const run =
    fire.runId === undefined ? null : await ctx.db.get("runs", fire.runId);
  if (run === null) return { ...fire, run };
  const { status, sessions, waitingUntil } = run;
  const waiting = waitingUntil === undefined ? {} : { waitingUntil };
  return { ...fire, run: { status, sessions, ...waiting } };
}

type Before = Record<ScheduleName, number>;

/** The cursor: the number of the last fire shown of each schedule; 0 where none was yet, as numbers begin at 1. */
function cursorOf(before: Before): string {
  const seqs = SCHEDULE_NAMES.map((name) => before[name]);
  return seqs.map((seq) => (seq === Infinity ? 0 : seq)).join(":");
}

function readCursor(cursor: string | null): Before {
  if (cursor === null) return { expire: Infinity, purge: Infinity };
  const [, expire, purge] = /^(\d+):(\d+)$/.exec(cursor) ?? [];
  if (expire !== undefined && purge !== undefined) {
    return {
      expire: Number(expire) || Infinity,
      purge: Number(purge) || Infinity,
    };
  }
  fail(
    "invalidArgument",
    `The cursor ${JSON.stringify(cursor)} did not come from a list.`,
    { argument: "cursor" },
  );
}
