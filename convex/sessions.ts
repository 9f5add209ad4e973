import { exposeSessions } from "../client/index.js";
import { components } from "./_generated/api.js";

/**
 * The app's public session functions. Who may see the active sessions and clean up: the users whose
 * ids the environment variable SESSION_OPERATORS names, separated by commas; without it nobody.
 * Put your own rule in `authorize`, such as a look at a role in a table of yours.
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
  authorize: async (ctx) => {
    const user = await ctx.auth.getUserIdentity();
    const operators = process.env.SESSION_OPERATORS?.split(",") ?? [];
    return user !== null && operators.includes(user.subject);
  },
  identify: async (ctx) => (await ctx.auth.getUserIdentity())?.subject ?? null,
});
