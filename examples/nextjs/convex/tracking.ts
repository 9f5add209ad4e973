import { getAuthUserId } from "@convex-dev/auth/server";
import { exposeSessions } from "sessions-ops";
import { components } from "./_generated/api";

/** No `authorize`: nobody sees all visitors over the network but operators, by the command line. */
export const {
  trackSession,
  trackUserAction,
  endSession,
  forgetSession,
  linkSession,
  unlinkSession,
  getOwnLink,
  getOwnSessions,
  getOwnVisit,
} = exposeSessions(components.visitors, {
  // Not the token's `subject`, which with Convex Auth is another one after each sign-in.
  identify: getAuthUserId,
});
