import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { vHookName, vHookSession } from "./shared/hooks.js";
import { vPlace } from "./shared/places.js";
import { vRunKind } from "./shared/runKinds.js";
import { vArchivedPage, vLearned, vRunFields } from "./shared/runs.js";
import { vAction, vSessionState, vStateCounts } from "./shared/sessions.js";
import { vOverrides } from "./settings/overrides.js";
import { vWholeRow } from "./settings/wholeRows.js";

/**
 * Hot and cold: a heartbeat writes only `leases`, so queries that list or count sessions are not
 * re-run by it. A session has a lease exactly while it is active.
 */
export default defineSchema({
  /**
   * One row for each anonymousId.
   * Written by `visitors` (creation, changes of state), `operator/import`, and runs (expiry).
   * Read by `operator`, `visitors`, and purge runs. Deleted by purge runs and `visitors/forget`.
   */
  sessions: defineTable({
    anonymousId: v.string(),
    /** First activity, in ms since the epoch; older than `_creationTime` for imported rows. */
    createdAt: v.number(),
    state: vSessionState,
    /** Visits so far, the current one included. */
    visits: v.number(),
    /** Rows in `actions`, but for those of the current visit: they are counted in the lease. */
    actionCount: v.number(),
    /** Last activity, in ms since the epoch. Set exactly while the session is not active. */
    inactiveSince: v.optional(v.number()),
    /** Why an ended session ended. */
    endReason: v.optional(v.string()),
    /** The app's user this visitor turned out to be. */
    userId: v.optional(v.string()),
  })
    .index("anonymousId", ["anonymousId"])
    .index("createdAt", ["createdAt"])
    .index("state_createdAt", ["state", "createdAt"])
    .index("inactiveSince", ["inactiveSince"])
    .index("userId_createdAt", ["userId", "createdAt"]),

  /**
   * The hot row of an active session.
   * Written by `visitors` (heartbeats, actions) and `operator/import`. Read by `visitors`, by readers
   * of a time window, and by runs (only those past their cutoff).
   * Deleted by runs (expiry), `visitors/end` and `visitors/forget`.
   */
  leases: defineTable({
    anonymousId: v.string(),
    session: v.id("sessions"),
    /** In ms since the epoch. */
    lastActive: v.number(),
    /** Actions of this visit. */
    actionCount: v.number(),
    // Copied from the settings when the visit starts: a heartbeat must read nothing else.
    touchAfterMs: v.number(),
    idleTimeoutMs: v.number(),
  })
    .index("anonymousId", ["anonymousId"])
    .index("lastActive", ["lastActive"]),

  /**
   * What visitors did.
   * Written by `visitors/action` and `operator/import`. Read by `operator/show`.
   * Deleted by purge runs and `visitors/forget`.
   */
  actions: defineTable({
    session: v.id("sessions"),
    ...vAction.fields,
  }).index("session_at", ["session", "at"]),

  /**
   * At most one row; none while nothing was ever set.
   * Written by `settings`. Read by `settings`, for whatever needs the policy, never by a heartbeat that
   * touches a lease.
   */
  settings: defineTable({
    /** What was set, see `settings/overrides`; absent in rows of 0.1, which hold all values. */
    overrides: v.optional(vOverrides),
    ...vWholeRow.fields,
    /** Grows by one with each change; a change names the revision it was made on. */
    revision: v.number(),
    /** Function handles of the app, called with each page's sessions in the page's transaction. */
    onExpired: v.optional(v.string()),
    onPurged: v.optional(v.string()),
  }),

  /**
   * At most one row: the last exact count of all sessions, see `rows/tallies`.
   * Written and read by `operator/tally` and `rows/tallies`; read by whatever changes the state of a session.
   */
  tallies: defineTable({
    pages: v.number(),
    /** The key of the last session counted, in the order of creation. */
    cursor: v.union(vPlace, v.null()),
    counted: vStateCounts,
    /** When its last page was counted. */
    at: v.number(),
    /** What it came to. */
    done: v.optional(
      v.object({
        counted: vStateCounts,
        missing: vStateCounts,
        fixed: v.boolean(),
      }),
    ),
  }),

  /**
   * What a hook of the app has not done for somebody who was erased all the same. Holds what the hook is
   * to be called with, as long as it is owed: without it the app could not find its own rows.
   * Written by `visitors/forget`. Read by `operator/hooks` and `operator/status`. Deleted by `operator/hooks`, once paid.
   */
  hookDebts: defineTable({
    hook: vHookName,
    session: vHookSession,
    erasedAt: v.number(),
    triedAt: v.number(),
    error: v.string(),
    /** Until it is paid the hook is called for nobody who is being erased. */
    isOutOfTime: v.optional(v.literal(true)),
  }).index("isOutOfTime", ["isOutOfTime"]),

  /**
   * Who changed which setting from what to what.
   * Written by `settings` and `schedules`, one row a change. Read by `settings/settings`. Never deleted.
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
   * One row for each schedule, and one for the watchdog.
   * Written by the dispatcher at each tick and by the watchdog. Read by both and by `operator/status`.
   */
  ticks: defineTable({
    name: v.union(vRunKind, v.literal("watchdog")),
    /** When the schedule was last registered with crons. */
    registeredAt: v.optional(v.number()),
    lastAt: v.optional(v.number()),
    /** What was due up to then is answered for; absent in rows of 0.1: the later of the two above. */
    answeredUntil: v.optional(v.number()),
    /** What the last tick did, in a few words. */
    lastResult: v.optional(v.string()),
    /** When the watchdog restarted something, newest last; its fuse counts them. */
    restarts: v.optional(v.array(v.number())),
    /** Why the watchdog stopped restarting. */
    gaveUp: v.optional(v.object({ at: v.number(), why: v.string() })),
  }).index("name", ["name"]),

  /**
   * The run ledger.
   * Written by `runs`, by each page, and by `runs/archive`. Read by `runs`, `operator/status` and the
   * watchdog. Deleted by the watchdog once old.
   */
  runs: defineTable({
    ...vRunFields.fields,
    learned: v.optional(vLearned),
    /** Looks whether the run moves, and lets it go on where its next page was lost. */
    guard: v.optional(v.id("_scheduled_functions")),
    /** Who writes the archive of an archived purge, and what their last page came to. */
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
});
