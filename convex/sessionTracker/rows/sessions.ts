/** Finding a visitor's session and lease, and how operators see them. */
import { v } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { blockOf, type Session, type SessionOf } from "../shared/sessions.js";
import { isIdle } from "../shared/visits.js";

export function findSession(ctx: QueryCtx, anonymousId: string) {
  return ctx.db
    .query("sessions")
    .withIndex("anonymousId", (q) => q.eq("anonymousId", anonymousId))
    .unique();
}

/** The session with this sessionId; `null` also for a text that is no sessionId at all. */
export async function findBySessionId(ctx: QueryCtx, id: string) {
  const sessionId = ctx.db.normalizeId("sessions", id);
  return sessionId === null ? null : await ctx.db.get("sessions", sessionId);
}

export function findOne(ctx: QueryCtx, of: SessionOf) {
  return "sessionId" in of
    ? findBySessionId(ctx, of.sessionId)
    : findSession(ctx, of.anonymousId);
}

export function findLease(ctx: QueryCtx, anonymousId: string) {
  return ctx.db
    .query("leases")
    .withIndex("anonymousId", (q) => q.eq("anonymousId", anonymousId))
    .unique();
}

export function toSession(row: Doc<"sessions">): Session {
  const { _id, _creationTime, inactiveSince, engagedMs, ...rest } = row;
  const { visitRows, visitIds, isStripped, actionMinute, ...kept } = rest;
  const { blockedUntil: _, ...session } = kept;
  const blockedUntil = blockOf(row, Date.now());
  return {
    sessionId: _id,
    inactiveSince: inactiveSince ?? null,
    engagedMs: engagedMs ?? 0,
    ...session,
    ...(blockedUntil === null ? {} : { blockedUntil }),
  };
}

/** The part of a lease that operators see. */
export const vActivity = v.object({
  /** When the visitor was last active, in ms since the epoch. */
  lastActive: v.number(),
  /** Number of actions in the current visit. */
  actionCount: v.number(),
  /** How long the visitor was really there in the current visit so far, in ms. */
  engagedMs: v.number(),
  /** Whether the session is past its idle timeout and no run has expired it yet; it is shown as expired. */
  idle: v.boolean(),
});

export function toActivity(lease: Doc<"leases">, now: number) {
  const { lastActive, actionCount, engagedMs = 0 } = lease;
  return { lastActive, actionCount, engagedMs, idle: isIdle(lease, now) };
}
