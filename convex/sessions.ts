import { exposeSessions } from "../client/index.js";
import { components } from "./_generated/api.js";

/**
 * The app's public session functions. Users whose token says `role: "admin"` may see the active
 * sessions and clean up; put your own rule in `authorize`, such as a look at a table of yours.
 */
export const {
  trackSession,
  trackUserAction,
  endSession,
  forgetSession,
  linkSession,
  unlinkSession,
  getOwnLink,
  getOwnSessions,
  endOwnSession,
  endOtherSessions,
  getOwnVisit,
  getActiveSessions,
  cleanupOldSessions,
} = exposeSessions(components.sessionTracker, {
  authorize: async (ctx) =>
    (await ctx.auth.getUserIdentity())?.["role"] === "admin",
  identify: async (ctx) => (await ctx.auth.getUserIdentity())?.subject ?? null,
});
