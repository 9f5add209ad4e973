/** Starting a run: writing it down and letting it begin, the same way for operators, the app and ticks. */
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import {
  earlierCutoffs,
  ownCutoffs,
  type OwnCutoffs,
} from "../shared/runs/run.js";
import type { AskedFilter, Filter } from "../shared/runs/filter.js";
import { isFiltered, type RunKind } from "../shared/runs/kinds.js";
import type { RunStarted, RunTrigger } from "../shared/runs/run.js";
import type { Block } from "../shared/sessions.js";
import type { Policy } from "../shared/settings.js";
import { audit } from "../rows/audit.js";
import { readRevisedSettings } from "../settings/inForce.js";
import { checkRevision } from "../settings/settings.js";
import { pacedPageSize } from "./bounds.js";
import { begin } from "./chain.js";
import { momentOf, reckonCutoff, type AskedCutoff } from "./cutoffs.js";
import { freeze } from "./many/asked.js";
import { firstSize } from "./pageSizes.js";
import { runningRun } from "./runRows.js";

interface RunRequest {
  kind: RunKind;
  cutoff?: AskedCutoff;
  cutoffs?: OwnCutoffs;
  expectedRevision?: number;
  expected?: number;
  actor: string;
  reason?: string;
  trigger: RunTrigger;
  token?: string;
  maxSessions?: number;
  ratePerSecond?: number;
  /** Of a kind that takes the sessions of a filter. */
  filter?: AskedFilter;
  /** Of an `end`: how long the visitors may not come back. */
  block?: Block;
  archive?: { file: string; archiver: string };
  /** Whether the run keeps to the window of its schedule. @default where the schedule starts it */
  inWindow?: boolean;
}

/**
 * Starts a run, or names the run that the token started before, or that of the kind which is under way. Calls no
 * hook of the app, so that a tick may start a run.
 * @throws retentionNever; invalidCutoff; revisionConflict; invalidArgument
 */
export async function startRun(
  ctx: MutationCtx,
  asked: RunRequest,
): Promise<RunStarted> {
  const { expectedRevision, cutoff, cutoffs, filter, block, ...request } =
    asked;
  const { token, kind } = request;
  const same = token === undefined ? null : await runWithToken(ctx, token);
  if (same !== null) {
    return { runId: same._id, cutoff: same.cutoff, status: "started" };
  }
  const { revision, ...settings } = await readRevisedSettings(ctx);
  await checkRevision(ctx, expectedRevision, revision);
  const terms = frozenTerms(asked, settings, Date.now());
  const running = await runningRun(ctx, kind);
  if (running !== null) {
    const { _id: runId } = running;
    return { runId, cutoff: running.cutoff, status: "alreadyRunning" };
  }
  const wanted = settings.pageSize;
  const run = await insertRun(ctx, { ...request, ...terms, revision }, wanted);
  await auditStart(ctx, run);
  if (run.archiveFile === undefined) await begin(ctx, run);
  return { runId: run._id, cutoff: run.cutoff, status: "started" };
}

async function insertRun(
  ctx: MutationCtx,
  {
    archive,
    ...request
  }: Omit<RunRequest, "expectedRevision" | keyof Terms | "block"> &
    Terms & { revision: number },
  wanted: number,
): Promise<Doc<"runs">> {
  const now = Date.now();
  const last = await ctx.db
    .query("runs")
    .withIndex("kind_startedAt", (q) => q.eq("kind", request.kind))
    .order("desc")
    .first();
  const { maxSessions: stopAt } = request;
  const fields = {
    ...request,
    ...(stopAt === undefined ? {} : { stopAt }),
    ...(archive === undefined
      ? {}
      : { archiveFile: archive.file, archiver: { token: archive.archiver } }),
    status: "running" as const,
    cursor: null,
    seq: 0,
    ...firstSize(pacedPageSize(request, wanted), last, now),
    pages: 0,
    sessions: 0,
    leases: 0,
    visits: 0,
    actions: 0,
    quarantined: 0,
    failuresInARow: 0,
    errors: [],
    startedAt: now,
    progressAt: now,
  };
  const _id = await ctx.db.insert("runs", fields);
  return { _id, _creationTime: now, ...fields };
}

async function auditStart(ctx: MutationCtx, run: Doc<"runs">): Promise<void> {
  const { actor, reason, kind, trigger, cutoff, expected } = run;
  const { maxSessions, ratePerSecond, filter, blockedUntil } = run;
  await audit(ctx, {
    what: "run.started",
    actor,
    ...(reason === undefined ? {} : { reason }),
    target: run._id,
    after: {
      kind,
      trigger,
      cutoff,
      ...(maxSessions === undefined ? {} : { maxSessions }),
      ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
      ...(filter === undefined ? {} : { filter: withoutIds(filter) }),
      ...(blockedUntil === undefined ? {} : { blockedUntil }),
    },
    ...(expected === undefined ? {} : { counts: { expected } }),
  });
}

/** A filter as it may be kept when its user is gone: that it names a user, and not which. */
function withoutIds({ userId, exceptSessionId: _, ...rest }: Filter) {
  return { ...rest, ...(userId === undefined ? {} : { userId: true }) };
}

/** What decides which sessions a run takes, as it stays for the whole run. */
type Terms = Pick<
  Doc<"runs">,
  "cutoff" | "cutoffs" | "filter" | "blockedUntil"
>;

function frozenTerms(asked: RunRequest, settings: Policy, now: number): Terms {
  const { kind, filter, block } = asked;
  if (!isFiltered(kind)) {
    const cutoff = reckonCutoff(kind, asked.cutoff, settings, now);
    return { cutoff, ...ownOf(asked, settings) };
  }
  const cutoff =
    asked.cutoff === undefined ? undefined : momentOf(asked.cutoff, now);
  const many = freeze({ kind, filter: filter ?? {}, block, cutoff }, now);
  const { blockedUntil } = many;
  return {
    cutoff: many.cutoff,
    filter: many.filter,
    ...(blockedUntil === undefined ? {} : { blockedUntil }),
  };
}

/**
 * The cutoffs of visits and actions: those in force, or earlier ones that were asked for. None for an expire run,
 * and for an archived purge, whose archive has whole sessions only.
 */
function ownOf(
  { kind, archive, cutoffs: asked }: RunRequest,
  settings: Policy,
): { cutoffs?: OwnCutoffs } {
  if (kind === "expire" || archive !== undefined) return {};
  const inForce = ownCutoffs(settings, Date.now());
  const cutoffs =
    asked === undefined ? inForce : earlierCutoffs(asked, inForce);
  return cutoffs === undefined ? {} : { cutoffs };
}

function runWithToken(ctx: QueryCtx, token: string) {
  return ctx.db
    .query("runs")
    .withIndex("token", (q) => q.eq("token", token))
    .unique();
}
