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
    alerts: {
      deliveries: {
        get: FunctionReference<
          "query",
          "internal",
          { deliveryId: string },
          {
            deliveryId: string;
            webhookId: string;
            type:
              | "run.completed"
              | "run.failed"
              | "run.stuck"
              | "watchdog.gaveUp"
              | "schedule.missed"
              | "backlog.high"
              | "settings.changed"
              | "hook.failed"
              | "webhook.test"
              | "ping";
            data: any;
            at: number;
            status: "pending" | "delivered" | "failed";
            attempt: number;
            attempts: Array<{
              at: number;
              durationMs: number;
              status?: number;
              error?: string;
              body?: string;
            }>;
            nextAt?: number;
            finishedAt?: number;
            why?: string;
          } | null,
          Name
        >;
        page: FunctionReference<
          "query",
          "internal",
          {
            webhookId?: string;
            status?: "pending" | "delivered" | "failed";
            limit: number;
            cursor?: string | null;
          },
          {
            deliveries: Array<{
              deliveryId: string;
              webhookId: string;
              type:
                | "run.completed"
                | "run.failed"
                | "run.stuck"
                | "watchdog.gaveUp"
                | "schedule.missed"
                | "backlog.high"
                | "settings.changed"
                | "hook.failed"
                | "webhook.test"
                | "ping";
              data: any;
              at: number;
              status: "pending" | "delivered" | "failed";
              attempt: number;
              attempts: Array<{
                at: number;
                durationMs: number;
                status?: number;
                error?: string;
                body?: string;
              }>;
              nextAt?: number;
              finishedAt?: number;
              why?: string;
            }>;
            cursor: string | null;
          },
          Name
        >;
        resend: FunctionReference<
          "mutation",
          "internal",
          { deliveryId: string },
          { deliveryId: string; attempt: number },
          Name
        >;
      };
      metrics: {
        get: FunctionReference<
          "query",
          "internal",
          { at: number },
          {
            version: string;
            sessions: { active: number; expired: number; ended: number };
            today: {
              day: string;
              newVisitors: number;
              visits: number;
              bounces: number;
              engagedMs: number;
              actions: number;
            };
            oldestInactiveAt: number | null;
            backlog: Array<{
              kind: "expire" | "purge";
              sessions: number;
              dueSince: number | null;
            }>;
            runs: Array<{
              kind: "expire" | "purge" | "end" | "forget";
              status:
                "running" | "completed" | "failed" | "canceled" | "maxReached";
              runs: number;
              durationMs: number;
            }>;
            kinds: Array<{
              kind: "expire" | "purge" | "end" | "forget";
              runningSince: number | null;
              lastSuccessAt: number | null;
            }>;
            schedules: Array<{
              name: "expire" | "purge";
              isPaused: boolean;
              lastTickAt: number | null;
              lastFire: {
                outcome:
                  | "started"
                  | "nothingDue"
                  | "alreadyRunning"
                  | "paused"
                  | "outsideWindow"
                  | "waitingForWindow"
                  | "failed"
                  | "missed";
                at: number;
                lagMs: number;
              } | null;
              nextAt: number | null;
            }>;
            refused: {
              newSessions: number;
              ofAddress: number;
              actionsPerMinute: number;
              actionsPerSession: number;
            };
            watchdog: { lastAt: number | null; gaveUpAt: number | null };
            hookDebts: number;
            webhooks: Array<{
              webhookId: string;
              failingSince: number | null;
              isDisabled: boolean;
            }>;
            failedDeliveries: number;
          },
          Name
        >;
      };
      webhooks: {
        add: FunctionReference<
          "action",
          "internal",
          {
            url: string;
            name?: string;
            format: "standard" | "slack" | "ping";
            events?:
              | "all"
              | Array<
                  | "run.completed"
                  | "run.failed"
                  | "run.stuck"
                  | "watchdog.gaveUp"
                  | "schedule.missed"
                  | "backlog.high"
                  | "settings.changed"
                  | "hook.failed"
                >;
            kinds?: Array<"expire" | "purge" | "end" | "forget">;
            actor: string;
            reason?: string;
          },
          {
            webhook: {
              webhookId: string;
              name: string | null;
              url: string;
              format: "standard" | "slack" | "ping";
              events:
                | "all"
                | Array<
                    | "run.completed"
                    | "run.failed"
                    | "run.stuck"
                    | "watchdog.gaveUp"
                    | "schedule.missed"
                    | "backlog.high"
                    | "settings.changed"
                    | "hook.failed"
                  >;
              kinds: Array<"expire" | "purge" | "end" | "forget"> | null;
              createdAt: number;
              actor: string;
              failingSince: number | null;
              disabled: { at: number; why: "failing" | "gone" } | null;
              formerSecretUntil: number | null;
            };
            secret: string | null;
          },
          Name
        >;
        enable: FunctionReference<
          "mutation",
          "internal",
          { webhookId: string; actor: string; reason?: string },
          {
            enabled: boolean;
            webhook: {
              webhookId: string;
              name: string | null;
              url: string;
              format: "standard" | "slack" | "ping";
              events:
                | "all"
                | Array<
                    | "run.completed"
                    | "run.failed"
                    | "run.stuck"
                    | "watchdog.gaveUp"
                    | "schedule.missed"
                    | "backlog.high"
                    | "settings.changed"
                    | "hook.failed"
                  >;
              kinds: Array<"expire" | "purge" | "end" | "forget"> | null;
              createdAt: number;
              actor: string;
              failingSince: number | null;
              disabled: { at: number; why: "failing" | "gone" } | null;
              formerSecretUntil: number | null;
            };
          },
          Name
        >;
        get: FunctionReference<
          "query",
          "internal",
          { webhookId: string },
          {
            webhookId: string;
            name: string | null;
            url: string;
            format: "standard" | "slack" | "ping";
            events:
              | "all"
              | Array<
                  | "run.completed"
                  | "run.failed"
                  | "run.stuck"
                  | "watchdog.gaveUp"
                  | "schedule.missed"
                  | "backlog.high"
                  | "settings.changed"
                  | "hook.failed"
                >;
            kinds: Array<"expire" | "purge" | "end" | "forget"> | null;
            createdAt: number;
            actor: string;
            failingSince: number | null;
            disabled: { at: number; why: "failing" | "gone" } | null;
            formerSecretUntil: number | null;
          },
          Name
        >;
        list: FunctionReference<
          "query",
          "internal",
          {},
          Array<{
            webhookId: string;
            name: string | null;
            url: string;
            format: "standard" | "slack" | "ping";
            events:
              | "all"
              | Array<
                  | "run.completed"
                  | "run.failed"
                  | "run.stuck"
                  | "watchdog.gaveUp"
                  | "schedule.missed"
                  | "backlog.high"
                  | "settings.changed"
                  | "hook.failed"
                >;
            kinds: Array<"expire" | "purge" | "end" | "forget"> | null;
            createdAt: number;
            actor: string;
            failingSince: number | null;
            disabled: { at: number; why: "failing" | "gone" } | null;
            formerSecretUntil: number | null;
            last: {
              deliveryId: string;
              webhookId: string;
              type:
                | "run.completed"
                | "run.failed"
                | "run.stuck"
                | "watchdog.gaveUp"
                | "schedule.missed"
                | "backlog.high"
                | "settings.changed"
                | "hook.failed"
                | "webhook.test"
                | "ping";
              data: any;
              at: number;
              status: "pending" | "delivered" | "failed";
              attempt: number;
              attempts: Array<{
                at: number;
                durationMs: number;
                status?: number;
                error?: string;
                body?: string;
              }>;
              nextAt?: number;
              finishedAt?: number;
              why?: string;
            } | null;
          }>,
          Name
        >;
        remove: FunctionReference<
          "mutation",
          "internal",
          { webhookId: string; actor: string; reason?: string },
          {
            webhookId: string;
            name: string | null;
            url: string;
            format: "standard" | "slack" | "ping";
            events:
              | "all"
              | Array<
                  | "run.completed"
                  | "run.failed"
                  | "run.stuck"
                  | "watchdog.gaveUp"
                  | "schedule.missed"
                  | "backlog.high"
                  | "settings.changed"
                  | "hook.failed"
                >;
            kinds: Array<"expire" | "purge" | "end" | "forget"> | null;
            createdAt: number;
            actor: string;
            failingSince: number | null;
            disabled: { at: number; why: "failing" | "gone" } | null;
            formerSecretUntil: number | null;
          },
          Name
        >;
        rotate: FunctionReference<
          "action",
          "internal",
          { webhookId: string; actor: string; reason?: string },
          {
            webhook: {
              webhookId: string;
              name: string | null;
              url: string;
              format: "standard" | "slack" | "ping";
              events:
                | "all"
                | Array<
                    | "run.completed"
                    | "run.failed"
                    | "run.stuck"
                    | "watchdog.gaveUp"
                    | "schedule.missed"
                    | "backlog.high"
                    | "settings.changed"
                    | "hook.failed"
                  >;
              kinds: Array<"expire" | "purge" | "end" | "forget"> | null;
              createdAt: number;
              actor: string;
              failingSince: number | null;
              disabled: { at: number; why: "failing" | "gone" } | null;
              formerSecretUntil: number | null;
            };
            secret: string;
          },
          Name
        >;
        test: FunctionReference<
          "mutation",
          "internal",
          { webhookId: string },
          { deliveryId: string; attempt: number },
          Name
        >;
      };
    };
    operator: {
      export: {
        days: FunctionReference<
          "query",
          "internal",
          { after: string | null },
          Array<{
            day: string;
            newVisitors: number;
            visits: number;
            bounces: number;
            engagedMs: number;
            actions: number;
          }>,
          Name
        >;
        page: FunctionReference<
          "query",
          "internal",
          {
            cursor: {
              anonymousId: string;
              action: { at: number; creationTime: number; id: string } | null;
              visit?: { at: number; creationTime: number; id: string };
            } | null;
          },
          {
            sessions: Array<{
              session: {
                sessionId: string;
                anonymousId: string;
                state: "active" | "expired" | "ended";
                createdAt: number;
                inactiveSince: number | null;
                visits: number;
                actionCount: number;
                engagedMs: number;
                firstEntry?: {
                  path?: string;
                  referrer?: string;
                  utmSource?: string;
                  utmMedium?: string;
                  utmCampaign?: string;
                  device?: "desktop" | "mobile" | "tablet";
                };
                lastVisit?: {
                  startedAt: number;
                  endedAt: number;
                  engagedMs: number;
                  actions: number;
                  entry?: {
                    path?: string;
                    referrer?: string;
                    utmSource?: string;
                    utmMedium?: string;
                    utmCampaign?: string;
                    device?: "desktop" | "mobile" | "tablet";
                  };
                  exitPath?: string;
                  why: "idle" | "maximum" | "ended";
                  userId?: string;
                };
                endReason?: string;
                blockedUntil?: number | "forever";
                userId?: string;
              };
              lastActive: number;
              underWay: {
                startedAt: number;
                engagedMs: number;
                engagedAt?: number;
                actions: number;
                purgedActions?: number;
                entry?: {
                  path?: string;
                  referrer?: string;
                  utmSource?: string;
                  utmMedium?: string;
                  utmCampaign?: string;
                  device?: "desktop" | "mobile" | "tablet";
                };
                path?: string;
                formerUserId?: string | null;
              } | null;
              visits: Array<{
                startedAt: number;
                endedAt: number;
                engagedMs: number;
                actions: number;
                entry?: {
                  path?: string;
                  referrer?: string;
                  utmSource?: string;
                  utmMedium?: string;
                  utmCampaign?: string;
                  device?: "desktop" | "mobile" | "tablet";
                };
                exitPath?: string;
                why: "idle" | "maximum" | "ended";
                userId?: string;
              }>;
              visitRows: number;
              actions: Array<{
                at: number;
                action: string;
                resourceId?: string;
                metadata?: any;
              }>;
              isComplete: boolean;
            }>;
            cursor: {
              anonymousId: string;
              action: { at: number; creationTime: number; id: string } | null;
              visit?: { at: number; creationTime: number; id: string };
            } | null;
          },
          Name
        >;
      };
      futureTimes: {
        look: FunctionReference<
          "query",
          "internal",
          {},
          {
            schedules: Array<"expire" | "purge">;
            watchdog: boolean;
            runs: Array<string>;
            sessions: number;
            limit: number;
            latest: number | null;
          },
          Name
        >;
        mend: FunctionReference<
          "mutation",
          "internal",
          { limit?: number },
          { mended: number; isDone: boolean },
          Name
        >;
      };
      health: {
        clock: FunctionReference<"mutation", "internal", {}, number, Name>;
        now: FunctionReference<
          "query",
          "internal",
          { here: number },
          number,
          Name
        >;
        probe: FunctionReference<"mutation", "internal", {}, string, Name>;
        probed: FunctionReference<
          "query",
          "internal",
          { workId: string },
          "pending" | "running" | "finished",
          Name
        >;
        repair: FunctionReference<
          "mutation",
          "internal",
          {},
          Array<
            | { kind: "scheduleRegistered"; schedule: "expire" | "purge" }
            | { kind: "fuseReplaced" }
            | {
                kind: "scheduleRestarted";
                schedule: "expire" | "purge";
                why: "didNotFire" | "tickedInTheFuture";
              }
            | {
                kind: "runRestarted";
                runId: string;
                why: "stoodStill" | "gotOnInTheFuture";
              }
          >,
          Name
        >;
        schedules: FunctionReference<
          "query",
          "internal",
          {},
          Array<{
            name: "expire" | "purge";
            inCrons: "same" | "different" | "missing";
            overdueSince: number | null;
          }>,
          Name
        >;
      };
      hooks: {
        check: FunctionReference<
          "mutation",
          "internal",
          {},
          Array<{
            name:
              "onStarted" | "onExpired" | "onEnded" | "onPurged" | "onLinked";
            handle: string;
            error: string | null;
          }>,
          Name
        >;
        clear: FunctionReference<
          "mutation",
          "internal",
          {
            names?: Array<
              "onStarted" | "onExpired" | "onEnded" | "onPurged" | "onLinked"
            >;
            actor?: string;
            reason?: string;
          },
          {
            cleared: Array<
              "onStarted" | "onExpired" | "onEnded" | "onPurged" | "onLinked"
            >;
          },
          Name
        >;
        debts: FunctionReference<
          "query",
          "internal",
          { limit?: number; cursor?: string | null },
          {
            debts: Array<{
              debtId: string;
              hook:
                "onStarted" | "onExpired" | "onEnded" | "onPurged" | "onLinked";
              sessionId: string;
              erasedAt: number;
              triedAt: number;
              error: string;
              tries: number;
              nextTryAt: number | null;
            }>;
            cursor: string | null;
          },
          Name
        >;
        list: FunctionReference<
          "query",
          "internal",
          {},
          Array<{
            name:
              "onStarted" | "onExpired" | "onEnded" | "onPurged" | "onLinked";
            handle: string;
            failure: { since: number; at: number; error: string } | null;
          }>,
          Name
        >;
        retry: FunctionReference<
          "mutation",
          "internal",
          { debtId: string },
          { isPaid: boolean; error: string | null },
          Name
        >;
        settle: FunctionReference<
          "mutation",
          "internal",
          { debtId: string },
          { settled: boolean },
          Name
        >;
      };
      import: {
        batch: FunctionReference<
          "mutation",
          "internal",
          {
            rows: Array<{
              anonymousId: string;
              createdAt: number;
              lastActive: number;
              visits?: number;
              ended?: { reason?: string };
              blockedUntil?: number | "forever";
              engagedMs?: number;
              firstEntry?: {
                path?: string;
                referrer?: string;
                utmSource?: string;
                utmMedium?: string;
                utmCampaign?: string;
                device?: "desktop" | "mobile" | "tablet";
              };
              visitUnderWay?: {
                startedAt: number;
                engagedMs: number;
                engagedAt?: number;
                actions: number;
                purgedActions?: number;
                entry?: {
                  path?: string;
                  referrer?: string;
                  utmSource?: string;
                  utmMedium?: string;
                  utmCampaign?: string;
                  device?: "desktop" | "mobile" | "tablet";
                };
                path?: string;
                formerUserId?: string | null;
              };
              finishedVisits?: Array<{
                startedAt: number;
                endedAt: number;
                engagedMs: number;
                actions: number;
                entry?: {
                  path?: string;
                  referrer?: string;
                  utmSource?: string;
                  utmMedium?: string;
                  utmCampaign?: string;
                  device?: "desktop" | "mobile" | "tablet";
                };
                exitPath?: string;
                why: "idle" | "maximum" | "ended";
                userId?: string;
              }>;
              userId?: string;
              actions?: Array<{
                at: number;
                action: string;
                resourceId?: string;
                metadata?: any;
              }>;
            }>;
            restoreErased?: { actor: string; reason: string };
          },
          {
            created: number;
            merged: number;
            unchanged: number;
            erased: number;
            visits: number;
            actions: number;
          },
          Name
        >;
      };
      importActions: {
        add: FunctionReference<
          "mutation",
          "internal",
          {
            anonymousId: string;
            actions: Array<{
              at: number;
              action: string;
              resourceId?: string;
              metadata?: any;
              copies?: number;
            }>;
            after: { at: number; creationTime: number; id: string } | null;
            isOfVisit?: boolean;
          },
          {
            added: number;
            rest: {
              actions: Array<{
                at: number;
                action: string;
                resourceId?: string;
                metadata?: any;
                copies?: number;
              }>;
              after: { at: number; creationTime: number; id: string } | null;
            } | null;
          },
          Name
        >;
      };
      importDays: {
        batch: FunctionReference<
          "mutation",
          "internal",
          {
            days: Array<{
              day: string;
              newVisitors: number;
              visits: number;
              bounces: number;
              engagedMs: number;
              actions: number;
            }>;
          },
          { changed: number; unchanged: number },
          Name
        >;
      };
      log: {
        importFinished: FunctionReference<
          "mutation",
          "internal",
          { importId: string; actor: string; counts: Record<string, number> },
          null,
          Name
        >;
        importStarted: FunctionReference<
          "mutation",
          "internal",
          { importId: string; actor: string; reason?: string; rows: number },
          null,
          Name
        >;
        page: FunctionReference<
          "query",
          "internal",
          {
            what?: Array<
              | "settings.changed"
              | "schedule.changed"
              | "hooks.changed"
              | "run.started"
              | "run.canceled"
              | "run.resumed"
              | "run.finished"
              | "session.ended"
              | "session.blocked"
              | "session.unblocked"
              | "session.forgotten"
              | "session.linked"
              | "session.unlinked"
              | "import.started"
              | "import.finished"
              | "erasure.lifted"
              | "webhook.added"
              | "webhook.removed"
              | "webhook.rotated"
              | "webhook.disabled"
              | "webhook.enabled"
            >;
            since?: number | { agoMs: number };
            limit: number;
            cursor?: string | null;
          },
          {
            entries: Array<{
              at: number;
              what:
                | "settings.changed"
                | "schedule.changed"
                | "hooks.changed"
                | "run.started"
                | "run.canceled"
                | "run.resumed"
                | "run.finished"
                | "session.ended"
                | "session.blocked"
                | "session.unblocked"
                | "session.forgotten"
                | "session.linked"
                | "session.unlinked"
                | "import.started"
                | "import.finished"
                | "erasure.lifted"
                | "webhook.added"
                | "webhook.removed"
                | "webhook.rotated"
                | "webhook.disabled"
                | "webhook.enabled";
              actor: string;
              reason?: string;
              target?: string;
              before?: any;
              after?: any;
              counts?: Record<string, number>;
              revision?: number;
            }>;
            cursor: string | null;
          },
          Name
        >;
      };
      overview: {
        createdBetween: FunctionReference<
          "query",
          "internal",
          { from: number; before: number; limit?: number },
          { count: number; isCapped: boolean },
          Name
        >;
        inactiveBetween: FunctionReference<
          "query",
          "internal",
          { from: number; before: number; limit?: number },
          { count: number; isCapped: boolean },
          Name
        >;
        newestActions: FunctionReference<
          "query",
          "internal",
          { limit?: number },
          Array<{
            at: number;
            action: string;
            resourceId?: string;
            metadata?: any;
            actionId: string;
            sessionId: string;
          }>,
          Name
        >;
      };
      search: {
        page: FunctionReference<
          "query",
          "internal",
          {
            filter: {
              state?: "active" | "expired" | "ended";
              userId?: string;
              createdFrom?: number;
              createdBefore?: number;
              activeFrom?: number;
              activeBefore?: number;
              source?: string;
              minEngagedMs?: number;
            };
            sort: "created" | "active";
            order: "asc" | "desc";
            limit: number;
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
              engagedMs: number;
              firstEntry?: {
                path?: string;
                referrer?: string;
                utmSource?: string;
                utmMedium?: string;
                utmCampaign?: string;
                device?: "desktop" | "mobile" | "tablet";
              };
              lastVisit?: {
                startedAt: number;
                endedAt: number;
                engagedMs: number;
                actions: number;
                entry?: {
                  path?: string;
                  referrer?: string;
                  utmSource?: string;
                  utmMedium?: string;
                  utmCampaign?: string;
                  device?: "desktop" | "mobile" | "tablet";
                };
                exitPath?: string;
                why: "idle" | "maximum" | "ended";
                userId?: string;
              };
              endReason?: string;
              blockedUntil?: number | "forever";
              userId?: string;
              lease: {
                lastActive: number;
                actionCount: number;
                engagedMs: number;
                idle: boolean;
              } | null;
            }>;
            cursor: string | null;
            scanned: number;
          },
          Name
        >;
      };
      show: {
        get: FunctionReference<
          "query",
          "internal",
          { id: string; kind?: "sessionId" | "anonymousId" },
          {
            sessionId: string;
            anonymousId: string;
            state: "active" | "expired" | "ended";
            createdAt: number;
            inactiveSince: number | null;
            visits: number;
            actionCount: number;
            engagedMs: number;
            firstEntry?: {
              path?: string;
              referrer?: string;
              utmSource?: string;
              utmMedium?: string;
              utmCampaign?: string;
              device?: "desktop" | "mobile" | "tablet";
            };
            lastVisit?: {
              startedAt: number;
              endedAt: number;
              engagedMs: number;
              actions: number;
              entry?: {
                path?: string;
                referrer?: string;
                utmSource?: string;
                utmMedium?: string;
                utmCampaign?: string;
                device?: "desktop" | "mobile" | "tablet";
              };
              exitPath?: string;
              why: "idle" | "maximum" | "ended";
              userId?: string;
            };
            endReason?: string;
            blockedUntil?: number | "forever";
            userId?: string;
            lease: {
              lastActive: number;
              actionCount: number;
              engagedMs: number;
              idle: boolean;
            } | null;
          } | null,
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
      stats: {
        days: FunctionReference<
          "query",
          "internal",
          { from: string; to: string },
          Array<{
            day: string;
            newVisitors: number;
            visits: number;
            bounces: number;
            engagedMs: number;
            actions: number;
          }>,
          Name
        >;
        sources: FunctionReference<
          "query",
          "internal",
          { from: string; limit?: number },
          {
            sources: Array<{
              source: string;
              visits: number;
              bounces: number;
              engagedMs: number;
              underWay: number;
            }>;
            onlyAfter: number | null;
          },
          Name
        >;
      };
      status: {
        backlog: FunctionReference<
          "query",
          "internal",
          { limit?: number },
          {
            expire: number;
            purge: number;
            running: Array<{ runId: string; left: number }>;
            limit: number;
          },
          Name
        >;
        get: FunctionReference<
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
            today: {
              day: string;
              newVisitors: number;
              visits: number;
              bounces: number;
              engagedMs: number;
              actions: number;
            };
            oldest: { sessionId: string; lastActive: number } | null;
            settings: {
              idleTimeoutMs: number;
              retentionDays: number | "never";
              visitRetentionDays: number | "session";
              actionRetentionDays: number | "session";
              auditRetentionDays: number | "never";
              maxVisitMs: number | "never";
              touchAfterMs: number;
              maxActionsPerSession: number;
              maxMetadataBytes: number;
              maxActionsPerMinute: number | "never";
              maxNewSessionsPerMinute: number | "never";
              maxNewSessionsPerMinutePerAddress: number | "never";
              pageSize: number;
              backlogAlertMs: number | "never";
              schedules: {
                expire: {
                  spec: string;
                  timeZone: string;
                  jitterMs?: number;
                  window?: { opens: string; closes: string };
                  pauseOnFailure?: number;
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
                  jitterMs?: number;
                  window?: { opens: string; closes: string };
                  pauseOnFailure?: number;
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
              jitterMs?: number;
              window?: { opens: string; closes: string };
              pauseOnFailure?: number;
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
              kind: "expire" | "purge" | "end" | "forget";
              trigger: "schedule" | "operator" | "app";
              actor: string;
              reason?: string;
              token?: string;
              status:
                "running" | "completed" | "failed" | "canceled" | "maxReached";
              cutoff: number;
              filter?: {
                userId?: string;
                state?: "active" | "expired" | "ended";
                createdBefore?: number;
                createdAfter?: number;
                activeBefore?: number;
                activeAfter?: number;
                exceptSessionId?: string;
              };
              blockedUntil?: number | "forever";
              cutoffs?: { visits?: number; actions?: number };
              revision?: number;
              expected?: number;
              cursor: {
                phase:
                  | "leases"
                  | "sessions"
                  | "lastVisits"
                  | "visits"
                  | "actions"
                  | "created"
                  | "createdAgain"
                  | "returned";
                at: number;
                creationTime: number;
                id: string;
              } | null;
              seq: number;
              pageSize: number;
              pages: number;
              sessions: number;
              leases: number;
              visits?: number;
              actions: number;
              quarantined: number;
              failuresInARow: number;
              errors: Array<{
                at: number;
                message: string;
                sessionId?: string;
              }>;
              startedAt: number;
              progressAt: number;
              resumed?: { at: number; sessions: number };
              resumes?: Array<{ at: number; actor: string; reason?: string }>;
              finishedAt?: number;
              maxSessions?: number;
              ratePerSecond?: number;
              stopAt?: number;
              nextPageAt?: number;
              inWindow?: boolean;
              waitingUntil?: number;
              archiveFile?: string;
            }>;
            hooks: Array<{
              name:
                "onStarted" | "onExpired" | "onEnded" | "onPurged" | "onLinked";
              handle: string;
              failure: { since: number; at: number; error: string } | null;
            }>;
            hookDebts: number;
            refused: {
              newSessions: number;
              ofAddress: number;
              actionsPerMinute: number;
              actionsPerSession: number;
              lastAt: number | null;
            };
            webhooks: Array<{
              webhookId: string;
              name: string | null;
              url: string;
              format: "standard" | "slack" | "ping";
              events:
                | "all"
                | Array<
                    | "run.completed"
                    | "run.failed"
                    | "run.stuck"
                    | "watchdog.gaveUp"
                    | "schedule.missed"
                    | "backlog.high"
                    | "settings.changed"
                    | "hook.failed"
                  >;
              kinds: Array<"expire" | "purge" | "end" | "forget"> | null;
              createdAt: number;
              actor: string;
              failingSince: number | null;
              disabled: { at: number; why: "failing" | "gone" } | null;
              formerSecretUntil: number | null;
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
      tally: {
        begin: FunctionReference<"mutation", "internal", {}, string, Name>;
        page: FunctionReference<
          "mutation",
          "internal",
          { tallyId: string; page: number; fix: boolean },
          {
            counted: { active: number; expired: number; ended: number };
            missing: { active: number; expired: number; ended: number };
            fixed: boolean;
          } | null,
          Name
        >;
      };
      visits: {
        list: FunctionReference<
          "query",
          "internal",
          {
            session: { sessionId: string } | { anonymousId: string };
            limit: number;
            cursor: string | null;
            endCursor?: string | null;
          },
          {
            visits: Array<{
              startedAt: number;
              endedAt: number | null;
              engagedMs: number;
              actions: number;
              entry?: {
                path?: string;
                referrer?: string;
                utmSource?: string;
                utmMedium?: string;
                utmCampaign?: string;
                device?: "desktop" | "mobile" | "tablet";
              };
              exitPath?: string;
              why: "idle" | "maximum" | "ended" | null;
              userId?: string;
            }>;
            cursor: string | null;
            splitCursor: string | null;
            isCut: boolean;
          },
          Name
        >;
      };
    };
    runs: {
      archive: {
        expirePage: FunctionReference<
          "action",
          "internal",
          { runId: string; seq: number; archiver: string },
          {
            purged: boolean;
            stayed: Array<{
              sessionId: string;
              why: "cameBack" | "changed" | "gone";
            }>;
            status:
              "running" | "completed" | "failed" | "canceled" | "maxReached";
            sessions: number;
            actions: number;
            waitMs: number;
          },
          Name
        >;
        nextPage: FunctionReference<
          "query",
          "internal",
          { runId: string; archiver: string },
          {
            status:
              "running" | "completed" | "failed" | "canceled" | "maxReached";
            seq: number;
            phase: "expire" | "purge";
            sessions: Array<{
              session: {
                sessionId: string;
                anonymousId: string;
                state: "active" | "expired" | "ended";
                createdAt: number;
                inactiveSince: number | null;
                visits: number;
                actionCount: number;
                engagedMs: number;
                firstEntry?: {
                  path?: string;
                  referrer?: string;
                  utmSource?: string;
                  utmMedium?: string;
                  utmCampaign?: string;
                  device?: "desktop" | "mobile" | "tablet";
                };
                lastVisit?: {
                  startedAt: number;
                  endedAt: number;
                  engagedMs: number;
                  actions: number;
                  entry?: {
                    path?: string;
                    referrer?: string;
                    utmSource?: string;
                    utmMedium?: string;
                    utmCampaign?: string;
                    device?: "desktop" | "mobile" | "tablet";
                  };
                  exitPath?: string;
                  why: "idle" | "maximum" | "ended";
                  userId?: string;
                };
                endReason?: string;
                blockedUntil?: number | "forever";
                userId?: string;
              };
              lastActive: number;
              underWay: {
                startedAt: number;
                engagedMs: number;
                engagedAt?: number;
                actions: number;
                purgedActions?: number;
                entry?: {
                  path?: string;
                  referrer?: string;
                  utmSource?: string;
                  utmMedium?: string;
                  utmCampaign?: string;
                  device?: "desktop" | "mobile" | "tablet";
                };
                path?: string;
                formerUserId?: string | null;
              } | null;
              visits: Array<{
                startedAt: number;
                endedAt: number;
                engagedMs: number;
                actions: number;
                entry?: {
                  path?: string;
                  referrer?: string;
                  utmSource?: string;
                  utmMedium?: string;
                  utmCampaign?: string;
                  device?: "desktop" | "mobile" | "tablet";
                };
                exitPath?: string;
                why: "idle" | "maximum" | "ended";
                userId?: string;
              }>;
              visitRows: number;
              actions: Array<{
                at: number;
                action: string;
                resourceId?: string;
                metadata?: any;
              }>;
              isComplete: boolean;
            }>;
            last: {
              seq: number;
              purged: boolean;
              stayed: Array<{
                sessionId: string;
                why: "cameBack" | "changed" | "gone";
              }>;
            } | null;
          },
          Name
        >;
        purgePage: FunctionReference<
          "action",
          "internal",
          {
            runId: string;
            seq: number;
            archiver: string;
            sessions: Array<{
              session: {
                sessionId: string;
                anonymousId: string;
                state: "active" | "expired" | "ended";
                createdAt: number;
                inactiveSince: number | null;
                visits: number;
                actionCount: number;
                engagedMs: number;
                firstEntry?: {
                  path?: string;
                  referrer?: string;
                  utmSource?: string;
                  utmMedium?: string;
                  utmCampaign?: string;
                  device?: "desktop" | "mobile" | "tablet";
                };
                lastVisit?: {
                  startedAt: number;
                  endedAt: number;
                  engagedMs: number;
                  actions: number;
                  entry?: {
                    path?: string;
                    referrer?: string;
                    utmSource?: string;
                    utmMedium?: string;
                    utmCampaign?: string;
                    device?: "desktop" | "mobile" | "tablet";
                  };
                  exitPath?: string;
                  why: "idle" | "maximum" | "ended";
                  userId?: string;
                };
                endReason?: string;
                blockedUntil?: number | "forever";
                userId?: string;
              };
              visitRows: number;
              visits: number;
              actions: number;
              isComplete: boolean;
            }>;
          },
          {
            purged: boolean;
            stayed: Array<{
              sessionId: string;
              why: "cameBack" | "changed" | "gone";
            }>;
            status:
              "running" | "completed" | "failed" | "canceled" | "maxReached";
            sessions: number;
            actions: number;
            waitMs: number;
          },
          Name
        >;
      };
      control: {
        cancel: FunctionReference<
          "mutation",
          "internal",
          { runId: string; actor: string; reason?: string },
          {
            canceled: boolean;
            status:
              "running" | "completed" | "failed" | "canceled" | "maxReached";
          },
          Name
        >;
        resume: FunctionReference<
          "mutation",
          "internal",
          {
            runId: string;
            actor: string;
            reason?: string;
            expectedRevision?: number;
            archiver?: string;
            archiveFile?: string;
            inWindow?: boolean;
          },
          {
            resumed: boolean;
            status:
              "running" | "completed" | "failed" | "canceled" | "maxReached";
          },
          Name
        >;
        start: FunctionReference<
          "mutation",
          "internal",
          {
            kind: "expire" | "purge" | "end" | "forget";
            cutoff?: number | { daysAgo: number };
            cutoffs?: { visits?: number; actions?: number };
            expectedRevision?: number;
            expected?: number;
            actor: string;
            reason?: string;
            trigger: "schedule" | "operator" | "app";
            token?: string;
            maxSessions?: number;
            ratePerSecond?: number;
            filter?: {
              userId?: string;
              state?: "active" | "expired" | "ended";
              createdBefore?: number | { agoMs: number };
              createdAfter?: number | { agoMs: number };
              activeBefore?: number | { agoMs: number };
              activeAfter?: number | { agoMs: number };
              exceptSessionId?: string;
            };
            block?: { forMs: number } | "forever";
            archive?: { file: string; archiver: string };
            inWindow?: boolean;
          },
          {
            runId: string;
            cutoff: number;
            status: "started" | "alreadyRunning";
          },
          Name
        >;
      };
      ledger: {
        get: FunctionReference<
          "query",
          "internal",
          { runId: string },
          {
            runId: string;
            kind: "expire" | "purge" | "end" | "forget";
            trigger: "schedule" | "operator" | "app";
            actor: string;
            reason?: string;
            token?: string;
            status:
              "running" | "completed" | "failed" | "canceled" | "maxReached";
            cutoff: number;
            filter?: {
              userId?: string;
              state?: "active" | "expired" | "ended";
              createdBefore?: number;
              createdAfter?: number;
              activeBefore?: number;
              activeAfter?: number;
              exceptSessionId?: string;
            };
            blockedUntil?: number | "forever";
            cutoffs?: { visits?: number; actions?: number };
            revision?: number;
            expected?: number;
            cursor: {
              phase:
                | "leases"
                | "sessions"
                | "lastVisits"
                | "visits"
                | "actions"
                | "created"
                | "createdAgain"
                | "returned";
              at: number;
              creationTime: number;
              id: string;
            } | null;
            seq: number;
            pageSize: number;
            pages: number;
            sessions: number;
            leases: number;
            visits?: number;
            actions: number;
            quarantined: number;
            failuresInARow: number;
            errors: Array<{ at: number; message: string; sessionId?: string }>;
            startedAt: number;
            progressAt: number;
            resumed?: { at: number; sessions: number };
            resumes?: Array<{ at: number; actor: string; reason?: string }>;
            finishedAt?: number;
            maxSessions?: number;
            ratePerSecond?: number;
            stopAt?: number;
            nextPageAt?: number;
            inWindow?: boolean;
            waitingUntil?: number;
            archiveFile?: string;
          } | null,
          Name
        >;
        list: FunctionReference<
          "query",
          "internal",
          { kind?: "expire" | "purge" | "end" | "forget"; limit?: number },
          Array<{
            runId: string;
            kind: "expire" | "purge" | "end" | "forget";
            trigger: "schedule" | "operator" | "app";
            actor: string;
            reason?: string;
            token?: string;
            status:
              "running" | "completed" | "failed" | "canceled" | "maxReached";
            cutoff: number;
            filter?: {
              userId?: string;
              state?: "active" | "expired" | "ended";
              createdBefore?: number;
              createdAfter?: number;
              activeBefore?: number;
              activeAfter?: number;
              exceptSessionId?: string;
            };
            blockedUntil?: number | "forever";
            cutoffs?: { visits?: number; actions?: number };
            revision?: number;
            expected?: number;
            cursor: {
              phase:
                | "leases"
                | "sessions"
                | "lastVisits"
                | "visits"
                | "actions"
                | "created"
                | "createdAgain"
                | "returned";
              at: number;
              creationTime: number;
              id: string;
            } | null;
            seq: number;
            pageSize: number;
            pages: number;
            sessions: number;
            leases: number;
            visits?: number;
            actions: number;
            quarantined: number;
            failuresInARow: number;
            errors: Array<{ at: number; message: string; sessionId?: string }>;
            startedAt: number;
            progressAt: number;
            resumed?: { at: number; sessions: number };
            resumes?: Array<{ at: number; actor: string; reason?: string }>;
            finishedAt?: number;
            maxSessions?: number;
            ratePerSecond?: number;
            stopAt?: number;
            nextPageAt?: number;
            inWindow?: boolean;
            waitingUntil?: number;
            archiveFile?: string;
          }>,
          Name
        >;
        page: FunctionReference<
          "query",
          "internal",
          {
            kind?: "expire" | "purge" | "end" | "forget";
            limit: number;
            cursor?: string | null;
          },
          {
            runs: Array<{
              runId: string;
              kind: "expire" | "purge" | "end" | "forget";
              trigger: "schedule" | "operator" | "app";
              actor: string;
              reason?: string;
              token?: string;
              status:
                "running" | "completed" | "failed" | "canceled" | "maxReached";
              cutoff: number;
              filter?: {
                userId?: string;
                state?: "active" | "expired" | "ended";
                createdBefore?: number;
                createdAfter?: number;
                activeBefore?: number;
                activeAfter?: number;
                exceptSessionId?: string;
              };
              blockedUntil?: number | "forever";
              cutoffs?: { visits?: number; actions?: number };
              revision?: number;
              expected?: number;
              cursor: {
                phase:
                  | "leases"
                  | "sessions"
                  | "lastVisits"
                  | "visits"
                  | "actions"
                  | "created"
                  | "createdAgain"
                  | "returned";
                at: number;
                creationTime: number;
                id: string;
              } | null;
              seq: number;
              pageSize: number;
              pages: number;
              sessions: number;
              leases: number;
              visits?: number;
              actions: number;
              quarantined: number;
              failuresInARow: number;
              errors: Array<{
                at: number;
                message: string;
                sessionId?: string;
              }>;
              startedAt: number;
              progressAt: number;
              resumed?: { at: number; sessions: number };
              resumes?: Array<{ at: number; actor: string; reason?: string }>;
              finishedAt?: number;
              maxSessions?: number;
              ratePerSecond?: number;
              stopAt?: number;
              nextPageAt?: number;
              inWindow?: boolean;
              waitingUntil?: number;
              archiveFile?: string;
            }>;
            cursor: string | null;
          },
          Name
        >;
      };
      many: {
        ofUser: {
          end: FunctionReference<
            "mutation",
            "internal",
            {
              userId: string;
              reason?: string;
              actor?: string;
              block?: { forMs: number } | "forever";
              exceptSessionId?: string;
            },
            { done: true; sessions: number } | { done: false; runId: string },
            Name
          >;
          forget: FunctionReference<
            "mutation",
            "internal",
            { userId: string; reason?: string; actor?: string },
            { done: true; sessions: number } | { done: false; runId: string },
            Name
          >;
        };
        preview: {
          page: FunctionReference<
            "query",
            "internal",
            {
              kind: "end" | "forget";
              filter: {
                userId?: string;
                state?: "active" | "expired" | "ended";
                createdBefore?: number | { agoMs: number };
                createdAfter?: number | { agoMs: number };
                activeBefore?: number | { agoMs: number };
                activeAfter?: number | { agoMs: number };
                exceptSessionId?: string;
              };
              block?: { forMs: number } | "forever";
              cutoff?: number;
              cursor?: {
                phase:
                  | "leases"
                  | "sessions"
                  | "lastVisits"
                  | "visits"
                  | "actions"
                  | "created"
                  | "createdAgain"
                  | "returned";
                at: number;
                creationTime: number;
                id: string;
              } | null;
            },
            {
              filter: {
                userId?: string;
                state?: "active" | "expired" | "ended";
                createdBefore?: number;
                createdAfter?: number;
                activeBefore?: number;
                activeAfter?: number;
                exceptSessionId?: string;
              };
              cutoff: number;
              blockedUntil?: number | "forever";
              now: number;
              revision: number;
              sessions: number;
              byState: { active: number; expired: number; ended: number };
              underWay: number;
              visits: number;
              actions: number;
              oldest: number | null;
              newest: number | null;
              cursor: {
                phase:
                  | "leases"
                  | "sessions"
                  | "lastVisits"
                  | "visits"
                  | "actions"
                  | "created"
                  | "createdAgain"
                  | "returned";
                at: number;
                creationTime: number;
                id: string;
              } | null;
            },
            Name
          >;
        };
      };
      preview: {
        left: FunctionReference<
          "query",
          "internal",
          {
            runId: string;
            cursor?: {
              phase:
                | "leases"
                | "sessions"
                | "lastVisits"
                | "visits"
                | "actions"
                | "created"
                | "createdAgain"
                | "returned";
              at: number;
              creationTime: number;
              id: string;
            } | null;
          },
          {
            sessions: number;
            kept: number;
            revision: number;
            cursor: {
              phase:
                | "leases"
                | "sessions"
                | "lastVisits"
                | "visits"
                | "actions"
                | "created"
                | "createdAgain"
                | "returned";
              at: number;
              creationTime: number;
              id: string;
            } | null;
          },
          Name
        >;
        purge: FunctionReference<
          "query",
          "internal",
          {
            cutoff?: number | { daysAgo: number };
            cutoffs?: { visits?: number; actions?: number };
            from?: number;
            patch?: {
              idleTimeoutMs?: number;
              retentionDays?: number | "never";
              visitRetentionDays?: number | "session";
              actionRetentionDays?: number | "session";
              auditRetentionDays?: number | "never";
              maxVisitMs?: number | "never";
              touchAfterMs?: number;
              maxActionsPerSession?: number;
              maxMetadataBytes?: number;
              maxActionsPerMinute?: number | "never";
              maxNewSessionsPerMinute?: number | "never";
              maxNewSessionsPerMinutePerAddress?: number | "never";
              pageSize?: number;
              backlogAlertMs?: number | "never";
            };
            cursor?: {
              phase:
                | "leases"
                | "sessions"
                | "lastVisits"
                | "visits"
                | "actions"
                | "created"
                | "createdAgain"
                | "returned";
              at: number;
              creationTime: number;
              id: string;
              action?: { at: number; creationTime: number; id: string };
            } | null;
            measure?: boolean;
            now?: number;
          },
          {
            cutoff: number;
            cutoffs?: { visits?: number; actions?: number };
            byRetention: { visits: number; actions: number; bytes: number };
            now: number;
            revision: number;
            retentionDays: number | "never";
            isBelowRetention: boolean;
            sessions: number;
            visits: number;
            actions: number;
            bytes: number;
            oldest: number | null;
            newest: number | null;
            byDay: Array<{ day: number; sessions: number; actions: number }>;
            byAge: Array<{ days: number; sessions: number; actions: number }>;
            cursor: {
              phase:
                | "leases"
                | "sessions"
                | "lastVisits"
                | "visits"
                | "actions"
                | "created"
                | "createdAgain"
                | "returned";
              at: number;
              creationTime: number;
              id: string;
              action?: { at: number; creationTime: number; id: string };
            } | null;
          },
          Name
        >;
      };
    };
    schedules: {
      change: {
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
              jitterMs?: number;
              window?: { opens: string; closes: string };
              pauseOnFailure?: number;
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
              jitterMs?: number;
              window?: { opens: string; closes: string };
              pauseOnFailure?: number;
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
            jitterMs?: number | null;
            window?: { opens: string; closes: string } | null;
            pauseOnFailure?: number | null;
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
              jitterMs?: number;
              window?: { opens: string; closes: string };
              pauseOnFailure?: number;
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
      history: {
        page: FunctionReference<
          "query",
          "internal",
          { name?: "expire" | "purge"; limit: number; cursor?: string | null },
          {
            fires: Array<{
              name: "expire" | "purge";
              seq: number;
              outcome:
                | "started"
                | "nothingDue"
                | "alreadyRunning"
                | "paused"
                | "outsideWindow"
                | "waitingForWindow"
                | "failed"
                | "missed";
              dueAt: number;
              firstDueAt: number;
              at: number;
              count: number;
              runId?: string;
              reason?: string;
              run: {
                status:
                  | "running"
                  | "completed"
                  | "failed"
                  | "canceled"
                  | "maxReached";
                sessions: number;
                waitingUntil?: number;
              } | null;
            }>;
            cursor: string | null;
          },
          Name
        >;
      };
      show: {
        list: FunctionReference<
          "query",
          "internal",
          {},
          Array<{
            name: "expire" | "purge";
            spec: string;
            timeZone: string;
            jitterMs?: number;
            window?: { opens: string; closes: string };
            pauseOnFailure?: number;
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
        preview: FunctionReference<
          "query",
          "internal",
          {
            name?: "expire" | "purge";
            spec?: string;
            timeZone?: string;
            jitterMs?: number | null;
            window?: { opens: string; closes: string } | null;
            count?: number;
            from?: number;
          },
          {
            spec: string;
            timeZone: string;
            jitterMs?: number;
            window?: { opens: string; closes: string };
            fires: Array<number>;
            changes: Array<{
              at: number;
              local: string;
              change: "skipped" | "repeated";
            }>;
            paused: {
              reason: string;
              actor: string;
              at: number;
              until?: number;
            } | null;
          },
          Name
        >;
      };
    };
    settings: {
      settings: {
        change: FunctionReference<
          "mutation",
          "internal",
          {
            patch: {
              idleTimeoutMs?: number;
              retentionDays?: number | "never";
              visitRetentionDays?: number | "session";
              actionRetentionDays?: number | "session";
              auditRetentionDays?: number | "never";
              maxVisitMs?: number | "never";
              touchAfterMs?: number;
              maxActionsPerSession?: number;
              maxMetadataBytes?: number;
              maxActionsPerMinute?: number | "never";
              maxNewSessionsPerMinute?: number | "never";
              maxNewSessionsPerMinutePerAddress?: number | "never";
              pageSize?: number;
              backlogAlertMs?: number | "never";
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
            visitRetentionDays: number | "session";
            actionRetentionDays: number | "session";
            auditRetentionDays: number | "never";
            maxVisitMs: number | "never";
            touchAfterMs: number;
            maxActionsPerSession: number;
            maxMetadataBytes: number;
            maxActionsPerMinute: number | "never";
            maxNewSessionsPerMinute: number | "never";
            maxNewSessionsPerMinutePerAddress: number | "never";
            pageSize: number;
            backlogAlertMs: number | "never";
            schedules: {
              expire: {
                spec: string;
                timeZone: string;
                jitterMs?: number;
                window?: { opens: string; closes: string };
                pauseOnFailure?: number;
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
                jitterMs?: number;
                window?: { opens: string; closes: string };
                pauseOnFailure?: number;
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
          {
            onStarted?: string | null;
            onExpired?: string | null;
            onEnded?: string | null;
            onPurged?: string | null;
            onLinked?: string | null;
            actor?: string;
          },
          null,
          Name
        >;
      };
    };
    visitors: {
      action: {
        record: FunctionReference<
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
                | "tooManySessions"
                | "tooManyActions"
                | "metadataTooLarge"
                | "invalidVisit"
                | "revoked";
              retryAfterMs?: number;
            },
          Name
        >;
      };
      active: {
        list: FunctionReference<
          "query",
          "internal",
          { minutesActive: number; limit: number },
          Array<{
            sessionId: string;
            createdAt: number;
            lastActive: number;
            inactiveForMs: number;
            visits: number;
            actionCount: number;
            userId?: string;
          }>,
          Name
        >;
      };
      appSessions: {
        get: FunctionReference<
          "query",
          "internal",
          { session: { sessionId: string } | { anonymousId: string } },
          {
            sessionId: string;
            state: "active" | "expired" | "ended";
            createdAt: number;
            lastActive: number;
            visits: number;
            actionCount: number;
            engagedMs: number;
            firstEntry?: {
              path?: string;
              referrer?: string;
              utmSource?: string;
              utmMedium?: string;
              utmCampaign?: string;
              device?: "desktop" | "mobile" | "tablet";
            };
            entry?: {
              path?: string;
              referrer?: string;
              utmSource?: string;
              utmMedium?: string;
              utmCampaign?: string;
              device?: "desktop" | "mobile" | "tablet";
            };
            path?: string;
            lastVisit?: {
              startedAt: number;
              endedAt: number;
              engagedMs: number;
              actions: number;
              entry?: {
                path?: string;
                referrer?: string;
                utmSource?: string;
                utmMedium?: string;
                utmCampaign?: string;
                device?: "desktop" | "mobile" | "tablet";
              };
              exitPath?: string;
              why: "idle" | "maximum" | "ended";
              userId?: string;
            };
            endReason?: string;
            blockedUntil: number | "forever" | null;
            userId?: string;
          } | null,
          Name
        >;
        ofUser: FunctionReference<
          "query",
          "internal",
          {
            userId: string;
            limit: number;
            cursor: string | null;
            endCursor?: string | null;
          },
          {
            sessions: Array<{
              sessionId: string;
              state: "active" | "expired" | "ended";
              createdAt: number;
              lastActive: number;
              visits: number;
              actionCount: number;
              engagedMs: number;
              firstEntry?: {
                path?: string;
                referrer?: string;
                utmSource?: string;
                utmMedium?: string;
                utmCampaign?: string;
                device?: "desktop" | "mobile" | "tablet";
              };
              entry?: {
                path?: string;
                referrer?: string;
                utmSource?: string;
                utmMedium?: string;
                utmCampaign?: string;
                device?: "desktop" | "mobile" | "tablet";
              };
              path?: string;
              lastVisit?: {
                startedAt: number;
                endedAt: number;
                engagedMs: number;
                actions: number;
                entry?: {
                  path?: string;
                  referrer?: string;
                  utmSource?: string;
                  utmMedium?: string;
                  utmCampaign?: string;
                  device?: "desktop" | "mobile" | "tablet";
                };
                exitPath?: string;
                why: "idle" | "maximum" | "ended";
                userId?: string;
              };
              endReason?: string;
              blockedUntil: number | "forever" | null;
              userId?: string;
            }>;
            cursor: string | null;
            splitCursor: string | null;
            isCut: boolean;
          },
          Name
        >;
      };
      block: {
        end: FunctionReference<
          "mutation",
          "internal",
          {
            session: { sessionId: string } | { anonymousId: string };
            reason?: string;
            block?: { forMs: number } | "forever";
            actor?: string;
          },
          {
            ended: boolean;
            sessionId: string | null;
            blockedUntil: number | "forever" | null;
          },
          Name
        >;
        lift: FunctionReference<
          "mutation",
          "internal",
          {
            session: { sessionId: string } | { anonymousId: string };
            actor?: string;
            reason?: string;
          },
          { unblocked: boolean; sessionId: string | null },
          Name
        >;
      };
      end: {
        visit: FunctionReference<
          "mutation",
          "internal",
          {
            anonymousId: string;
            reason?: string;
            visit?: {
              startedAt?: number;
              engagedMs?: number;
              isLeaving?: boolean;
              path?: string;
              referrer?: string;
              utmSource?: string;
              utmMedium?: string;
              utmCampaign?: string;
              device?: "desktop" | "mobile" | "tablet";
            };
          },
          { ended: boolean; sessionId: string | null },
          Name
        >;
      };
      forget: {
        visitor: FunctionReference<
          "mutation",
          "internal",
          {
            anonymousId: string;
            hookUnable?: string;
            actor?: string;
            reason?: string;
          },
          {
            erased: boolean;
            sessionId: string | null;
            actions: number;
            told: {
              hook:
                "onStarted" | "onExpired" | "onEnded" | "onPurged" | "onLinked";
              error: string | null;
            } | null;
          },
          Name
        >;
      };
      heartbeat: {
        beat: FunctionReference<
          "mutation",
          "internal",
          {
            anonymousId: string;
            visit?: {
              startedAt?: number;
              engagedMs?: number;
              isLeaving?: boolean;
              path?: string;
              referrer?: string;
              utmSource?: string;
              utmMedium?: string;
              utmCampaign?: string;
              device?: "desktop" | "mobile" | "tablet";
            };
          },
          | {
              ok: true;
              sessionId: string;
              state: "created" | "touched" | "unchanged" | "revived";
              visitStartedAt: number;
            }
          | {
              ok: false;
              reason:
                | "invalidAnonymousId"
                | "invalidAction"
                | "tooManySessions"
                | "tooManyActions"
                | "metadataTooLarge"
                | "invalidVisit"
                | "revoked";
              retryAfterMs?: number;
            },
          Name
        >;
      };
      link: {
        none: FunctionReference<
          "mutation",
          "internal",
          {
            session: { sessionId: string } | { anonymousId: string };
            actor?: string;
            reason?: string;
          },
          { unlinked: boolean; sessionId: string | null },
          Name
        >;
        user: FunctionReference<
          "mutation",
          "internal",
          {
            anonymousId: string;
            userId: string;
            actor?: string;
            reason?: string;
          },
          { sessionId: string; userId: string },
          Name
        >;
      };
      ownVisit: {
        get: FunctionReference<
          "query",
          "internal",
          { anonymousId: string },
          {
            startedAt: number;
            lastActive: number;
            engagedMs: number;
            actions: number;
            entry?: {
              path?: string;
              referrer?: string;
              utmSource?: string;
              utmMedium?: string;
              utmCampaign?: string;
              device?: "desktop" | "mobile" | "tablet";
            };
            path?: string;
            why: "idle" | "maximum" | "ended" | null;
            visits: number;
            blockedUntil?: number | "forever";
          } | null,
          Name
        >;
        user: FunctionReference<
          "query",
          "internal",
          { anonymousId: string },
          { userId: string | null } | null,
          Name
        >;
      };
      timeline: {
        list: FunctionReference<
          "query",
          "internal",
          {
            session: { sessionId: string } | { anonymousId: string };
            limit: number;
            cursor: string | null;
            endCursor?: string | null;
          },
          {
            actions: Array<{
              at: number;
              action: string;
              resourceId?: string;
              metadata?: any;
            }>;
            cursor: string | null;
            splitCursor: string | null;
            isCut: boolean;
          },
          Name
        >;
      };
    };
  };
