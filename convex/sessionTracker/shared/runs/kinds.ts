/** The kinds of runs. Each kind that follows from the policy has a schedule, which is named after the kind. */
import { v, type Infer } from "convex/values";

export const vRunKind = v.union(
  v.literal("expire"),
  v.literal("purge"),
  v.literal("end"),
  v.literal("forget"),
);
/** What a run does: `expire` idle sessions, `purge` old ones, `end` or `forget` those of a filter. */
export type RunKind = "expire" | "purge" | "end" | "forget";
export const RUN_KINDS = ["expire", "purge", "end", "forget"] as const;

/** The kinds whose sessions are those of a filter, and not those that have grown old. */
export const vFilteredKind = v.union(v.literal("end"), v.literal("forget"));
export type FilteredKind = Infer<typeof vFilteredKind>;

export function isFiltered(kind: RunKind): kind is FilteredKind {
  return kind === "end" || kind === "forget";
}
