/** The kinds of runs. Each kind has one schedule, which is named after the kind. */
import { v, type Infer } from "convex/values";

export const vRunKind = v.union(v.literal("expire"), v.literal("purge"));
export type RunKind = Infer<typeof vRunKind>;
export const RUN_KINDS = ["expire", "purge"] as const;
