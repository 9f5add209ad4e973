/**
 * Erasures: digests of who was forgotten, so that no import brings them back. A digest says nothing to whoever
 * has no anonymousId to try; the salt keeps those of one deployment from being compared with another's.
 */
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";

/** Keeps a digest of each visitor who is being forgotten: with the time of the last erasure, where there are several. */
export async function noteErased(
  ctx: MutationCtx,
  ...forgotten: Pick<Doc<"sessions">, "anonymousId">[]
): Promise<void> {
  if (forgotten.length === 0) return;
  const salt = (await readSalt(ctx)) ?? (await makeSalt(ctx));
  const at = Date.now();
  for (const { anonymousId } of forgotten) {
    const digest = await digestOf(salt, anonymousId);
    const known = await findErasure(ctx, digest);
    if (known === null) await ctx.db.insert("erasures", { digest, at });
    else await ctx.db.patch("erasures", known._id, { at });
  }
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const SALT_BYTES = 32;

async function readSalt(ctx: QueryCtx): Promise<string | null> {
  const row = await ctx.db
    .query("erasureSalt")
    .withIndex("by_creation_time")
    .unique();
  return row?.salt ?? null;
}

async function makeSalt(ctx: MutationCtx): Promise<string> {
  const salt = toHex(crypto.getRandomValues(new Uint8Array(SALT_BYTES)));
  await ctx.db.insert("erasureSalt", { salt });
  return salt;
}

/** The SHA-256 of salt and anonymousId, as 64 hexadecimal digits; the salt's length is always the same. */
async function digestOf(salt: string, anonymousId: string): Promise<string> {
  const bytes = new TextEncoder().encode(salt + anonymousId);
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

function findErasure(ctx: QueryCtx, digest: string) {
  return ctx.db
    .query("erasures")
    .withIndex("digest", (q) => q.eq("digest", digest))
    .unique();
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
}
