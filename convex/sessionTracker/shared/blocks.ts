/** Blocks: an ended session that may not come back before a time. Pure rules; see `visitors/block`. */
import { v, type Infer } from "convex/values";
import { checkInteger } from "./errors.js";
import { DAY_MS } from "./times.js";

/** How long a session is to be blocked from now on. */
export const vBlock = v.union(
  v.object({ forMs: v.number() }),
  v.literal("forever"),
);
export type Block = Infer<typeof vBlock>;

/**
 * When a block ends, in ms since the epoch. For good is a word and not `Infinity`, which JSON cannot hold: it
 * would be `null` in exports and in whatever an app sends on.
 */
export const vBlockedUntil = v.union(v.number(), v.literal("forever"));
export type BlockedUntil = Infer<typeof vBlockedUntil>;

/** The longest block that ends: a hundred years of 365 days. */
const MAX_BLOCK_MS = 36_500 * DAY_MS;

/** @throws invalidArgument `{ argument: "block.forMs" }` for what is not a whole number of ms, 1 or more */
export function endOfBlock(block: Block, now: number): BlockedUntil {
  return block === "forever"
    ? block
    : now + checkInteger("block.forMs", block.forMs, 1, MAX_BLOCK_MS);
}

/** The block in force, by when it ends; `null` where there is none, or where it is over. */
export function blockOf(
  { blockedUntil }: { blockedUntil?: BlockedUntil },
  now: number,
): BlockedUntil | null {
  if (blockedUntil === undefined) return null;
  return blockedUntil === "forever" || blockedUntil > now ? blockedUntil : null;
}

/** The answer to a call of a blocked visitor. A block for good has no time at which to try again. */
export function revoked(until: BlockedUntil, now: number) {
  return {
    ok: false as const,
    reason: "revoked" as const,
    ...(until === "forever" ? {} : { retryAfterMs: until - now }),
  };
}
