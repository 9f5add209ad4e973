import { exposeSessions } from "sessions-ops";
import { components } from "./_generated/api.js";
import { isAdmin } from "./admin.js";

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
} = exposeSessions(components.sessionTracker, {
  authorize: isAdmin,
  identify: async (ctx) => (await ctx.auth.getUserIdentity())?.subject ?? null,
});
