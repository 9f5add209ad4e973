import { exposeSessions } from "../client/index.js";
import { components } from "./_generated/api.js";

/**
 * The app's public session functions. Whoever logs in may see the active sessions and clean up;
 * put your own rule in `authorize`, such as a look at a role in a table of yours.
 */
export const {
  trackSession,
  trackUserAction,
  endSession,
  forgetSession,
  linkSession,
  getActiveSessions,
  cleanupOldSessions,
} = exposeSessions(components.sessionTracker, {
  authorize: async (ctx) => (await ctx.auth.getUserIdentity()) !== null,
  identify: async (ctx) => (await ctx.auth.getUserIdentity())?.subject ?? null,
});
