import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { vAuditEntry } from "./shared/audit.js";
import { vDayCounts } from "./shared/days.js";
import { vFire } from "./shared/fires/fire.js";
import { vHookName, vHookSession } from "./shared/hooks.js";
import { vPlace } from "./shared/places.js";
import { vRunKind } from "./shared/runs/kinds.js";
import {
  vArchivedPage,
  vLearned,
  vRunFields,
  vRunStatus,
} from "./shared/runs/run.js";
import { vScheduleName } from "./shared/schedules.js";
import {
  vAction,
  vActionMinute,
  vBlockedUntil,
  vSessionState,
  vStateCounts,
} from "./shared/sessions.js";
import { vEntry, vVisit } from "./shared/visits.js";
import { vDeliveryFields, vWebhookFields } from "./shared/webhooks/webhook.js";
import { vRefusalCounts } from "./rows/refusals.js";
import { vOverrides } from "./settings/overrides.js";
import { vWholeRow } from "./settings/wholeRows.js";

/**
 * The component's tables. Each says which rooms write, read and delete its rows.
 *
 * Hot and cold: a heartbeat writes only `leases`, so that queries which list or count sessions are not
 * re-run by heartbeats. A session has a lease exactly while the session is active.
 *
 * A stored field keeps the name that it was first stored under, because rows of earlier versions must stay
 * readable. So the bounds of a run (see `shared/runs/bounds`) are the fields `maxSessions`, `ratePerSecond` and
 * `stopAt` of its row, and the CLI's `--max` is stored as `maxSessions`.
 */
export default defineSchema({
  /**
   * One row for each anonymousId.
   * Written by `visitors` (creation, changes of state), `operator/import`, `operator/futureTimes`, and runs
   * (expiry, and a purge that deletes a session's actions over several pages).
   * Read by `operator`, `visitors` and `runs`. Deleted by purge runs and `visitors/forget`.
   */
  sessions: defineTable({
    anonymousId: v.string(),
    /** When the visitor first came, in ms since the epoch; before `_creationTime` in imported rows. */
    createdAt: v.number(),
    state: vSessionState,
    /** Number of visits so far, the current visit included. */
    visits: v.number(),
    /** Number of rows in `actions`, without those of the current visit, which the lease counts. */
    actionCount: v.number(),
    /** Engaged time of finished visits, in ms; absent is 0. */
    engagedMs: v.optional(v.number()),
    /** Where the first visit came from. */
    firstEntry: v.optional(vEntry),
    /** The last finished visit: most visitors come once, and their only visit costs no row. */
    lastVisit: v.optional(vVisit),
    /** Rows in `visits`; absent is 0, so that a purge need not look for any. */
    visitRows: v.optional(v.number()),
    /** The ids of all those rows, while they are few, see `rows/visits`; who deletes any leaves them out. */
    visitIds: v.optional(v.array(v.id("visits"))),
    /**
     * When the visitor was last active, in ms since the epoch. Set exactly while the session is not active.
     */
    inactiveSince: v.optional(v.number()),
    /** A purge has taken its last visit, by the retention of visits. Set only while the session is not active. */
    isStripped: v.optional(v.literal(true)),
    /** What the lease said of the last minute of actions when the visitor ended the visit within it. */
    actionMinute: v.optional(vActionMinute),
    /** Why the session ended, in the app's words; set only while `state` is "ended". */
    endReason: v.optional(v.string()),
    /**
     * The visitor may not come back before this time; set only while `state` is "ended". It may have passed: the
     * next visit removes it.
     */
    blockedUntil: v.optional(vBlockedUntil),
    /** The app's id of the user that the visitor was linked to. */
    userId: v.optional(v.string()),
  })
    .index("anonymousId", ["anonymousId"])
    .index("createdAt", ["createdAt"])
    .index("state_createdAt", ["state", "createdAt"])
    .index("isStripped_inactiveSince", ["isStripped", "inactiveSince"])
    .index("userId_createdAt", ["userId", "createdAt"]),

  /**
   * The hot row of an active session.
   * Written by `visitors` (heartbeats, actions), `operator/import` and `operator/futureTimes`. Read by
   * `visitors`, `operator`, and `runs` (only leases before the run's cutoff).
   * Deleted by runs (expiry), `visitors/end`, `visitors/forget` and `operator/import`.
   */
  leases: defineTable({
    anonymousId: v.string(),
    session: v.id("sessions"),
    /** When the visitor was last active, in ms since the epoch, as far as heartbeats wrote it down. */
    lastActive: v.number(),
    /** Number of actions in the current visit. */
    actionCount: v.number(),
    /** The actions of the minute that began with its first action; absent before the visit's first. */
    actionMinute: v.optional(vActionMinute),
    /** Number of actions of the current visit that purges have deleted by their age; absent is 0. */
    purgedActions: v.optional(v.number()),
    /** Start of the visit, in ms since the epoch; absent in leases of 0.1. */
    startedAt: v.optional(v.number()),
    /** Engaged time of this visit so far, in ms; absent is 0. */
    engagedMs: v.optional(v.number()),
    /** When the visit last took some, in ms since the epoch; absent: at its start. */
    engagedAt: v.optional(v.number()),
    entry: v.optional(vEntry),
    /** Where the visitor is, by the last report. */
    path: v.optional(v.string()),
    /**
     * Whose visit it was when it was over, where the session was linked to somebody else, or nobody, before a run
     * came by; `null` is nobody's. Absent: the session's user's.
     */
    formerUserId: v.optional(v.union(v.string(), v.null())),
    // All three are copied from the settings when the visit starts, so that a heartbeat reads nothing but its
    // lease.
    touchAfterMs: v.number(),
    idleTimeoutMs: v.number(),
    /** Absent where a visit may go on for ever, and in leases of 0.1. */
    maxVisitMs: v.optional(v.number()),
  })
    .index("anonymousId", ["anonymousId"])
    .index("lastActive", ["lastActive"]),

  /**
   * Finished visits but for each session's last, which is a field of its session.
   * Written by `visitors` when a later visit closes, by expire runs, and by `operator/import`. Read by
   * `operator` (`visits`, `stats`). Deleted by purge runs and `visitors/forget`.
   */
  visits: defineTable({
    session: v.id("sessions"),
    ...vVisit.fields,
  })
    .index("session_startedAt", ["session", "startedAt"])
    .index("endedAt", ["endedAt"]),

  /**
   * What finished visits came to, by the UTC day on which they began: figures that outlive the visitors.
   * Written by whatever closes a visit, in the same transaction, see `rows/days`, and by `operator/import`.
   * Read by `operator/stats`. Never deleted.
   */
  days: defineTable({
    /** `YYYY-MM-DD`. */
    day: v.string(),
    /** Who wrote it: see `rows/days`. */
    shard: v.number(),
    ...vDayCounts.fields,
  }).index("day_shard", ["day", "shard"]),

  /**
   * What visitors did, one row an action.
   * Written by `visitors/action`, `operator/import` and `operator/importActions`. Read by `operator` (`show`,
   * `overview`, exports, imports) and by archives and measured previews of runs.
   * Deleted by purge runs and `visitors/forget`.
   */
  actions: defineTable({
    session: v.id("sessions"),
    ...vAction.fields,
  })
    .index("session_at", ["session", "at"])
    .index("at", ["at"]),

  /**
   * The settings that somebody has changed: at most one row; none while nobody has changed any.
   * Written by `settings/settings`. Read by `settings/inForce`, for every room that needs the policy; a
   * heartbeat within a visit does not. Never deleted.
   */
  settings: defineTable({
    /**
     * The changed settings, see `settings/overrides`; absent in rows of 0.1, which hold all values as
     * fields.
     */
    overrides: v.optional(vOverrides),
    ...vWholeRow.fields,
    /** Grows by one with each change, from 0; a change may name the revision that it is based on. */
    revision: v.number(),
    // Handles of the app's hooks: mutations that are called with each page's sessions in the page's
    // transaction.
    onStarted: v.optional(v.string()),
    onExpired: v.optional(v.string()),
    onEnded: v.optional(v.string()),
    onPurged: v.optional(v.string()),
    onLinked: v.optional(v.string()),
    /** The salt of the hash of addresses; absent until `maxNewSessionsPerMinutePerAddress` is first set. */
    addressSalt: v.optional(v.string()),
  }),

  /**
   * How many calls of visitors were refused by the bounds of the settings: 16 rows at most, see `rows/refusals`.
   * Written by `visitors` when a call is refused, through `rows/refusals`. Read by `operator/status`. Never deleted;
   * a row forgets what is older than a day when it is next written.
   */
  refusals: defineTable({
    shard: v.number(),
    lastAt: v.number(),
    hours: v.array(
      v.object({
        /** The beginning of the hour, in ms since the epoch. */
        hour: v.number(),
        ...vRefusalCounts.fields,
      }),
    ),
  }).index("shard", ["shard"]),

  /**
   * The hooks of the app that failed for a visitor who was served all the same: one row a hook.
   * Written by `settings/hooks`, once a minute and hook at most, so that visitors do not wait for each other. Read
   * by `settings/hooks` after a failure, and by `operator`. Deleted when the hook is set anew or removed, and by the watchdog a
   * day after the last.
   */
  hookFailures: defineTable({
    hook: vHookName,
    error: v.string(),
    /** The first failure and the last one noted, in ms since the epoch. */
    since: v.number(),
    at: v.number(),
  }).index("hook", ["hook"]),

  /**
   * The last exact count of all sessions: at most one row, see `rows/tallies`.
   * Written and deleted by `operator/tally`. Read by `operator/tally`, and through `rows/tallies` by every
   * mutation that changes the state of a session.
   */
  tallies: defineTable({
    /** Number of pages counted so far. */
    pages: v.number(),
    /** The key of the last session counted, in the order of creation; `null` before the first page. */
    cursor: v.union(vPlace, v.null()),
    counted: vStateCounts,
    /** When the last page was counted, in ms since the epoch. */
    at: v.number(),
    /** The result; absent while pages are still to be counted. */
    done: v.optional(
      v.object({
        counted: vStateCounts,
        missing: vStateCounts,
        fixed: v.boolean(),
      }),
    ),
  }),

  /**
   * The calls that hooks of the app owe: a visitor was erased although the hook failed. A row holds the
   * hook's argument until the call has been made up for; without it the app could not find its own rows.
   * Written by `visitors/forget` (through `settings/hookDebts`) and by `schedules/hooks` and `operator/hooks`, which try again. Read by
   * `settings/hookDebts`, `operator/hooks` and `operator/status`. Deleted by both, once
   * paid.
   */
  hookDebts: defineTable({
    hook: vHookName,
    session: vHookSession,
    erasedAt: v.number(),
    triedAt: v.number(),
    error: v.string(),
    /**
     * The hook ran out of time. Until this debt is paid the hook is called for no visitor who is being
     * erased.
     */
    isOutOfTime: v.optional(v.literal(true)),
    /** How often the watchdog has had the hook called for it, and when it does so again at the earliest. */
    tries: v.optional(v.number()),
    nextTryAt: v.optional(v.number()),
  })
    .index("isOutOfTime", ["isOutOfTime"])
    .index("nextTryAt", ["nextTryAt"]),

  /**
   * The audit log: what operators and the app's own code did, without anything that names a visitor.
   * Written through `rows/audit`, in the transaction of what a row tells of. Read by `settings/settings`
   * (changes of settings) and `operator/log`. Deleted by the watchdog after `auditRetentionDays`.
   */
  audit: defineTable({
    at: v.number(),
    ...vAuditEntry.fields,
  })
    .index("at", ["at"])
    .index("what_at", ["what", "at"])
    .index("revision", ["revision"]),

  /**
   * A salted digest of each visitor who was forgotten, so that no import brings them back.
   * Written through `rows/erasures` by whoever forgets. Read by imports. Deleted only by an import that is told
   * to restore the erased.
   */
  erasures: defineTable({
    digest: v.string(),
    /** When the visitor was last forgotten, in ms since the epoch. */
    at: v.number(),
  }).index("digest", ["digest"]),

  /**
   * The salt of the digests in `erasures`: at most one row, which the first erasure writes.
   * Written and read by `rows/erasures`. Never deleted.
   */
  erasureSalt: defineTable({ salt: v.string() }),

  /**
   * The log of the settings from before there was `audit`, which took its place.
   * Written by nobody. Read by `settings/settings` and `operator/log`. Deleted by the watchdog after
   * `auditRetentionDays`.
   */
  settingsLog: defineTable({
    revision: v.number(),
    at: v.number(),
    actor: v.string(),
    reason: v.optional(v.string()),
    /** The changed fields only, by their names in the settings. */
    before: v.any(),
    after: v.any(),
  }).index("revision", ["revision"]),

  /**
   * What each schedule and the watchdog did last: one row for each schedule, and one for the watchdog.
   * Written by `schedules` (each tick, changes of schedules, the watchdog) and by `operator/health`. Read by
   * `schedules` and `operator`. Never deleted.
   */
  ticks: defineTable({
    name: v.union(vScheduleName, v.literal("watchdog")),
    /** When the schedule was last registered with crons, in ms since the epoch. */
    registeredAt: v.optional(v.number()),
    /** When the schedule last ticked, or the watchdog last looked, in ms since the epoch. */
    lastAt: v.optional(v.number()),
    /**
     * The fires due up to this time are answered for, in ms since the epoch. Absent in rows of 0.1, where the
     * later of `registeredAt` and `lastAt` says so.
     */
    answeredUntil: v.optional(v.number()),
    /** What the last tick or look of the watchdog did, in a few words for people. */
    lastResult: v.optional(v.string()),
    /** The times of the watchdog's restarts, newest last, in ms since the epoch; its fuse counts them. */
    restarts: v.optional(v.array(v.number())),
    /** Why the watchdog stopped restarting. */
    gaveUp: v.optional(v.object({ at: v.number(), why: v.string() })),
    /** The kinds of runs whose backlog the watchdog has told webhooks of, while that lasts. */
    backlogTold: v.optional(v.array(vScheduleName)),
    /** What the last fire came to, see `fires`; absent before the first, and in rows from before it was kept. */
    last: v.optional(vFire),
    /** When the schedule ticks again for a fire that its jitter puts off, where that was set going. */
    wakeAt: v.optional(v.number()),
    /** Failed runs from before this time, when the schedule was last resumed, do not pause it. */
    failuresFrom: v.optional(v.number()),
  }).index("name", ["name"]),

  /**
   * What the fires of schedules came to, but for each schedule's last, which is in its row of `ticks`.
   * Written and deleted by `schedules/history`, for each fire with another outcome than the one before; the newest 500
   * of each schedule stay. Read by `schedules/history`.
   */
  fires: defineTable({
    name: vScheduleName,
    ...vFire.fields,
  }).index("name_seq", ["name", "seq"]),

  /**
   * The run ledger: one row a run.
   * Written by `runs`, at a run's start, its end and each page, and by the watchdog. Read by `runs`, `operator`
   * and `schedules`. Deleted by the watchdog once 90 days old and finished.
   */
  runs: defineTable({
    ...vRunFields.fields,
    learned: v.optional(vLearned),
    /**
     * Why the next page of an `end` or a `forget` does not call the app's hook: it ran out of time for the page's
     * one session.
     */
    hookUnable: v.optional(v.string()),
    /**
     * The scheduled look at whether the run moves, which enqueues the next page again where that was lost.
     */
    guard: v.optional(v.id("_scheduled_functions")),
    /**
     * The secret of the client that writes the archive of an archived purge, and the outcome of its last
     * page.
     */
    archiver: v.optional(
      v.object({
        token: v.string(),
        last: v.optional(
          v.object({ seq: v.number(), ...vArchivedPage.fields }),
        ),
      }),
    ),
  })
    .index("status_kind", ["status", "kind"])
    .index("startedAt", ["startedAt"])
    .index("kind_startedAt", ["kind", "startedAt"])
    .index("token", ["token"]),

  /**
   * How many runs came to their end, and how long they took together: one row for each kind and status.
   * Written through `rows/runs/runTotals`, at a run's end. Read by `alerts/metrics`. Never deleted.
   */
  runTotals: defineTable({
    kind: vRunKind,
    status: vRunStatus,
    runs: v.number(),
    durationMs: v.number(),
  }).index("kind_status", ["kind", "status"]),

  /**
   * The endpoints that are told of events: at most `MAX_WEBHOOKS`, which `alerts/webhooks` sees to.
   * Written by `alerts`. Read by `alerts`, `operator/status`, and through `rows/outbox` by whatever tells of an event.
   * Deleted by `alerts/webhooks`. A delivery that arrives writes nothing here, unless those before it failed.
   */
  webhooks: defineTable(vWebhookFields.fields),

  /**
   * What webhooks are told, one row for each event and webhook: the outbox and the ledger in one.
   * Written through `rows/outbox`, in the transaction of the event, and by `alerts`. Read by `alerts` and
   * `schedules/telling`. Deleted by the watchdog: old ones, and the oldest beyond so many.
   */
  deliveries: defineTable({
    /** It may be gone. */
    webhook: v.id("webhooks"),
    ...vDeliveryFields.fields,
    /** The attempts since the delivery was first put here or last sent again. */
    tries: v.number(),
    /** The guard of the attempt under way: a scheduled function that takes it for lost. */
    guard: v.optional(v.id("_scheduled_functions")),
    /** Deliveries are numbered as they are first sent, so that the oldest beyond a number can be told. */
    number: v.optional(v.number()),
  })
    .index("at", ["at"])
    .index("status_at", ["status", "at"])
    .index("webhook_at", ["webhook", "at"])
    .index("webhook_status_at", ["webhook", "status", "at"])
    .index("status_nextAt", ["status", "nextAt"])
    .index("number", ["number"]),
});
