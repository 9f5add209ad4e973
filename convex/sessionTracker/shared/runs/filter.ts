/** The filter of a run over many sessions: which sessions it ends or erases. */
import { v, type Infer } from "convex/values";
import { vSessionState } from "../sessions.js";

/** A time in ms since the epoch, or so long ago by the deployment's clock. */
export const vAskedTime = v.union(v.number(), v.object({ agoMs: v.number() }));
export type AskedTime = Infer<typeof vAskedTime>;

/** The filter as a caller asks for it. At least one field beside `exceptSessionId` is to be given. */
export const vAskedFilter = v.object({
  /** The user of the app that the visitor was linked to. */
  userId: v.optional(v.string()),
  /**
   * The state as readers see it: a session past its idle timeout is expired, whether or not a run came by.
   */
  state: v.optional(vSessionState),
  /** Created strictly before it. */
  createdBefore: v.optional(vAskedTime),
  /** Created at it or later. */
  createdAfter: v.optional(vAskedTime),
  /** Last active strictly before it. */
  activeBefore: v.optional(vAskedTime),
  /** Last active at it or later. */
  activeAfter: v.optional(vAskedTime),
  /** The one session that stays as it is. */
  exceptSessionId: v.optional(v.string()),
});
export type AskedFilter = Infer<typeof vAskedFilter>;

/** The filter as it was frozen when the run started: all times are in ms since the epoch. */
export const vFilter = v.object({
  ...vAskedFilter.fields,
  createdBefore: v.optional(v.number()),
  createdAfter: v.optional(v.number()),
  activeBefore: v.optional(v.number()),
  activeAfter: v.optional(v.number()),
});
export type Filter = Infer<typeof vFilter>;
