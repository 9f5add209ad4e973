import { exposeSessions } from "sessions-ops";
import { components } from "./_generated/api.js";
import { isAdmin } from "./admin.js";

export const {
  trackSession,
  trackUserAction,
  endSession,
  forgetSession,
  getOwnVisit,
  getActiveSessions,
} = exposeSessions(components.sessionTracker, { authorize: isAdmin });
