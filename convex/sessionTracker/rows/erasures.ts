/**
 * Erasures: digests of who was forgotten, so that no import brings them back. A digest says nothing to whoever
 * has no anonymousId to try; the salt keeps those of one deployment from being compared with another's.
 */
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { audit } from "./audit.js";

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

/** The erasure of a visitor; `null` where nobody has forgotten them, or it was lifted. */
export async function erasureOf(
  ctx: QueryCtx,
  anonymousId: string,
): Promise<Doc<"erasures"> | null> {
  const salt = await readSalt(ctx);
  return salt === null
    ? null
    : await findErasure(ctx, await digestOf(salt, anonymousId));
}

/** A row of an import, and the time from which on it knows the visitor. */
type Imported = Pick<Doc<"sessions">, "anonymousId" | "createdAt">;

/**
 * The erasure that covers each of the rows, which is of a visitor who was forgotten since: none of them where
 * the visitor first came after that, with the same anonymousId again.
 */
export async function erasuresOf<Row extends Imported>(
  ctx: QueryCtx,
  rows: readonly Row[],
): Promise<Map<Row, Doc<"erasures">>> {
  const erasures = new Map<Row, Doc<"erasures">>();
  const salt = rows.length === 0 ? null : await readSalt(ctx);
  if (salt === null) return erasures;
  for (const row of rows) {
    const digest = await digestOf(salt, row.anonymousId);
    const erasure = await findErasure(ctx, digest);
    if (erasure !== null && row.createdAt <= erasure.at) {
      erasures.set(row, erasure);
    }
  }
  return erasures;
}

/** Takes back that visitors were forgotten, and audits how many; the same visitor may be there several times. */
export async function liftErasures(
  ctx: MutationCtx,
  erasures: readonly Doc<"erasures">[],
  by: { actor: string; reason: string },
): Promise<void> {
  const ids = new Set(erasures.map(({ _id }) => _id));
  if (ids.size === 0) return;
  for (const id of ids) await ctx.db.delete("erasures", id);
  await audit(ctx, {
    what: "erasure.lifted",
    ...by,
    counts: { sessions: ids.size },
  });
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
