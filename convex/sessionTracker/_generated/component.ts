/* eslint-disable */
/**
 * Generated `ComponentApi` utility.
 *
 * THIS CODE IS AUTOMATICALLY GENERATED.
 *
 * To regenerate, run `npx convex dev`.
 * @module
 */

import type { FunctionReference } from "convex/server";

/**
 * A utility for referencing a Convex component's exposed API.
 *
 * Useful when expecting a parameter like `components.myComponent`.
 * Usage:
 * ```ts
 * async function myFunction(ctx: QueryCtx, component: ComponentApi) {
 *   return ctx.runQuery(component.someFile.someQuery, { ...args });
 * }
 * ```
 */
export type ComponentApi<Name extends string | undefined = string | undefined> =
  {
    importing: {
      importBatch: FunctionReference<
        "mutation",
        "internal",
        {
          rows: Array<{
            anonymousId: string;
            createdAt: number;
            lastActive: number;
            actions?: Array<{
              at: number;
              action: string;
              resourceId?: string;
              metadata?: any;
            }>;
          }>;
        },
        { created: number; merged: number; unchanged: number; actions: number },
        Name
      >;
    };
    runs: {
      cancel: FunctionReference<
        "mutation",
        "internal",
        { runId: string; actor: string; reason?: string },
        {
          canceled: boolean;
          status: "running" | "completed" | "failed" | "canceled";
        },
        Name
      >;
      get: FunctionReference<
        "query",
        "internal",
        { runId: string },
        {
          runId: string;
          kind: "expire" | "purge";
          trigger: "schedule" | "operator" | "app";
          actor: string;
          reason?: string;
          token?: string;
          status: "running" | "completed" | "failed" | "canceled";
          cutoff: number;
          cursor: {
            phase: "leases" | "sessions";
            at: number;
            creationTime: number;
            id: string;
          } | null;
          seq: number;
          pageSize: number;
          pages: number;
          sessions: number;
          leases: number;
          actions: number;
          quarantined: number;
          failuresInARow: number;
          errors: Array<{ at: number; message: string; sessionId?: string }>;
          startedAt: number;
          progressAt: number;
          finishedAt?: number;
        } | null,
        Name
      >;
      list: FunctionReference<
        "query",
        "internal",
        { kind?: "expire" | "purge"; limit?: number; before?: number },
        Array<{
          runId: string;
          kind: "expire" | "purge";
          trigger: "schedule" | "operator" | "app";
          actor: string;
          reason?: string;
          token?: string;
          status: "running" | "completed" | "failed" | "canceled";
          cutoff: number;
          cursor: {
            phase: "leases" | "sessions";
            at: number;
            creationTime: number;
            id: string;
          } | null;
          seq: number;
          pageSize: number;
          pages: number;
          sessions: number;
          leases: number;
          actions: number;
          quarantined: number;
          failuresInARow: number;
          errors: Array<{ at: number; message: string; sessionId?: string }>;
          startedAt: number;
          progressAt: number;
          finishedAt?: number;
        }>,
        Name
      >;
      preview: FunctionReference<
        "query",
        "internal",
        {
          cutoff: number;
          cursor?: {
            phase: "leases" | "sessions";
            at: number;
            creationTime: number;
            id: string;
          } | null;
        },
        {
          sessions: number;
          actions: number;
          oldest: number | null;
          newest: number | null;
          cursor: {
            phase: "leases" | "sessions";
            at: number;
            creationTime: number;
            id: string;
          } | null;
        },
        Name
      >;
      resume: FunctionReference<
        "mutation",
        "internal",
        { runId: string; actor: string },
        {
          resumed: boolean;
          status: "running" | "completed" | "failed" | "canceled";
        },
        Name
      >;
      start: FunctionReference<
        "mutation",
        "internal",
        {
          kind: "expire" | "purge";
          cutoff?: number;
          actor: string;
          reason?: string;
          trigger: "schedule" | "operator" | "app";
          token?: string;
        },
        { runId: string; cutoff: number; status: "started" | "alreadyRunning" },
        Name
      >;
    };
    schedules: {
      list: FunctionReference<
        "query",
        "internal",
        {},
        Array<{
          name: "expire" | "purge";
          spec: string;
          timeZone: string;
          paused: {
            reason: string;
            actor: string;
            at: number;
            until?: number;
          } | null;
          state: "registered" | "pending";
          nextAt: number | null;
          lastAt: number | null;
          lastResult: string | null;
        }>,
        Name
      >;
      pause: FunctionReference<
        "mutation",
        "internal",
        {
          name: "expire" | "purge";
          reason: string;
          until?: number;
          actor: string;
          expectedRevision?: number;
        },
        {
          revision: number;
          schedule: {
            name: "expire" | "purge";
            spec: string;
            timeZone: string;
            paused: {
              reason: string;
              actor: string;
              at: number;
              until?: number;
            } | null;
            state: "registered" | "pending";
            nextAt: number | null;
            lastAt: number | null;
            lastResult: string | null;
          };
        },
        Name
      >;
      preview: FunctionReference<
        "query",
        "internal",
        {
          name?: "expire" | "purge";
          spec?: string;
          timeZone?: string;
          count?: number;
          from?: number;
        },
        { spec: string; timeZone: string; fires: Array<number> },
        Name
      >;
      resume: FunctionReference<
        "mutation",
        "internal",
        {
          name: "expire" | "purge";
          reason?: string;
          actor: string;
          expectedRevision?: number;
        },
        {
          revision: number;
          schedule: {
            name: "expire" | "purge";
            spec: string;
            timeZone: string;
            paused: {
              reason: string;
              actor: string;
              at: number;
              until?: number;
            } | null;
            state: "registered" | "pending";
            nextAt: number | null;
            lastAt: number | null;
            lastResult: string | null;
          };
        },
        Name
      >;
      set: FunctionReference<
        "mutation",
        "internal",
        {
          name: "expire" | "purge";
          spec?: string;
          timeZone?: string;
          reason?: string;
          actor: string;
          expectedRevision?: number;
        },
        {
          revision: number;
          schedule: {
            name: "expire" | "purge";
            spec: string;
            timeZone: string;
            paused: {
              reason: string;
              actor: string;
              at: number;
              until?: number;
            } | null;
            state: "registered" | "pending";
            nextAt: number | null;
            lastAt: number | null;
            lastResult: string | null;
          };
        },
        Name
      >;
    };
    sessions: {
      active: FunctionReference<
        "query",
        "internal",
        { minutesActive: number; limit: number },
        Array<{
          sessionId: string;
          createdAt: number;
          lastActive: number;
          visits: number;
          actionCount: number;
          userId?: string;
        }>,
        Name
      >;
      activity: FunctionReference<
        "query",
        "internal",
        { anonymousIds: Array<string> },
        Array<{
          anonymousId: string;
          lastActive: number;
          actionCount: number;
          idle: boolean;
        }>,
        Name
      >;
      get: FunctionReference<
        "query",
        "internal",
        { id: string },
        {
          sessionId: string;
          anonymousId: string;
          state: "active" | "expired" | "ended";
          createdAt: number;
          inactiveSince: number | null;
          visits: number;
          actionCount: number;
          endReason?: string;
          userId?: string;
          lease: {
            lastActive: number;
            actionCount: number;
            idle: boolean;
          } | null;
        } | null,
        Name
      >;
      list: FunctionReference<
        "query",
        "internal",
        {
          state?: "active" | "expired" | "ended";
          limit?: number;
          cursor?: string | null;
        },
        {
          sessions: Array<{
            sessionId: string;
            anonymousId: string;
            state: "active" | "expired" | "ended";
            createdAt: number;
            inactiveSince: number | null;
            visits: number;
            actionCount: number;
            endReason?: string;
            userId?: string;
          }>;
          cursor: string | null;
        },
        Name
      >;
      timeline: FunctionReference<
        "query",
        "internal",
        { sessionId: string; limit?: number; cursor?: string | null },
        {
          actions: Array<{
            at: number;
            action: string;
            resourceId?: string;
            metadata?: any;
          }>;
          cursor: string | null;
        },
        Name
      >;
    };
    settings: {
      change: FunctionReference<
        "mutation",
        "internal",
        {
          patch: {
            idleTimeoutMs?: number;
            retentionDays?: number | "never";
            touchAfterMs?: number;
            maxActionsPerSession?: number;
            maxMetadataBytes?: number;
            pageSize?: number;
          };
          actor: string;
          reason?: string;
          expectedRevision?: number;
        },
        { revision: number; before: any; after: any },
        Name
      >;
      get: FunctionReference<
        "query",
        "internal",
        {},
        {
          idleTimeoutMs: number;
          retentionDays: number | "never";
          touchAfterMs: number;
          maxActionsPerSession: number;
          maxMetadataBytes: number;
          pageSize: number;
          schedules: {
            expire: {
              spec: string;
              timeZone: string;
              paused?: {
                reason: string;
                actor: string;
                at: number;
                until?: number;
              };
            };
            purge: {
              spec: string;
              timeZone: string;
              paused?: {
                reason: string;
                actor: string;
                at: number;
                until?: number;
              };
            };
          };
          revision: number;
        },
        Name
      >;
      log: FunctionReference<
        "query",
        "internal",
        { limit?: number; before?: number },
        Array<{
          revision: number;
          at: number;
          actor: string;
          reason?: string;
          before: any;
          after: any;
        }>,
        Name
      >;
      setHooks: FunctionReference<
        "mutation",
        "internal",
        { onExpired?: string | null; onPurged?: string | null },
        null,
        Name
      >;
    };
    stats: {
      backlog: FunctionReference<
        "query",
        "internal",
        { limit?: number },
        { expire: number; purge: number; limit: number },
        Name
      >;
      status: FunctionReference<
        "query",
        "internal",
        {},
        {
          version: string;
          sessions: {
            total: number;
            active: number;
            expired: number;
            ended: number;
          };
          settings: {
            idleTimeoutMs: number;
            retentionDays: number | "never";
            touchAfterMs: number;
            maxActionsPerSession: number;
            maxMetadataBytes: number;
            pageSize: number;
            schedules: {
              expire: {
                spec: string;
                timeZone: string;
                paused?: {
                  reason: string;
                  actor: string;
                  at: number;
                  until?: number;
                };
              };
              purge: {
                spec: string;
                timeZone: string;
                paused?: {
                  reason: string;
                  actor: string;
                  at: number;
                  until?: number;
                };
              };
            };
            revision: number;
          };
          schedules: Array<{
            name: "expire" | "purge";
            spec: string;
            timeZone: string;
            paused: {
              reason: string;
              actor: string;
              at: number;
              until?: number;
            } | null;
            state: "registered" | "pending";
            nextAt: number | null;
            lastAt: number | null;
            lastResult: string | null;
          }>;
          runs: Array<{
            runId: string;
            kind: "expire" | "purge";
            trigger: "schedule" | "operator" | "app";
            actor: string;
            reason?: string;
            token?: string;
            status: "running" | "completed" | "failed" | "canceled";
            cutoff: number;
            cursor: {
              phase: "leases" | "sessions";
              at: number;
              creationTime: number;
              id: string;
            } | null;
            seq: number;
            pageSize: number;
            pages: number;
            sessions: number;
            leases: number;
            actions: number;
            quarantined: number;
            failuresInARow: number;
            errors: Array<{ at: number; message: string; sessionId?: string }>;
            startedAt: number;
            progressAt: number;
            finishedAt?: number;
          }>;
          watchdog: {
            lastAt: number | null;
            lastResult: string | null;
            gaveUp: { at: number; why: string } | null;
          };
        },
        Name
      >;
    };
    tracking: {
      action: FunctionReference<
        "mutation",
        "internal",
        {
          anonymousId: string;
          action: string;
          resourceId?: string;
          metadata?: any;
        },
        | { ok: true; sessionId: string }
        | {
            ok: false;
            reason:
              | "invalidAnonymousId"
              | "invalidAction"
              | "tooManyActions"
              | "metadataTooLarge";
            retryAfterMs?: number;
          },
        Name
      >;
      end: FunctionReference<
        "mutation",
        "internal",
        { anonymousId: string; reason?: string },
        { ended: boolean; sessionId: string | null },
        Name
      >;
      forget: FunctionReference<
        "mutation",
        "internal",
        { anonymousId: string },
        { erased: boolean; sessionId: string | null; actions: number },
        Name
      >;
      heartbeat: FunctionReference<
        "mutation",
        "internal",
        { anonymousId: string },
        | {
            ok: true;
            sessionId: string;
            state: "created" | "touched" | "unchanged" | "revived";
          }
        | {
            ok: false;
            reason:
              | "invalidAnonymousId"
              | "invalidAction"
              | "tooManyActions"
              | "metadataTooLarge";
            retryAfterMs?: number;
          },
        Name
      >;
      link: FunctionReference<
        "mutation",
        "internal",
        { anonymousId: string; userId: string },
        { sessionId: string; userId: string },
        Name
      >;
    };
  };
