import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { vHookSession } from "../../../../convex/sessionTracker/shared/hooks.js";

/** An app with rows of its own for each session, and a record of what its hooks were told. */
export default defineSchema({
  carts: defineTable({ sessionId: v.string() }).index("sessionId", [
    "sessionId",
  ]),
  calls: defineTable({
    hook: v.string(),
    anonymousIds: v.array(v.string()),
    sessions: v.array(vHookSession),
  }),
  /** A visitor whose page the hook refuses. */
  refused: defineTable({ anonymousId: v.string() }),
});
