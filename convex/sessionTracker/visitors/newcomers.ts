/**
 * The bounds on visitors who are new, whom anybody with the deployment's address can make up. Both are buckets of
 * `@convex-dev/rate-limiter`, which fill evenly and hold three seconds' worth. A visitor who has a session is
 * never refused by them.
 */
import { components } from "../_generated/api.js";
import type { MutationCtx } from "../_generated/server.js";
import { refuseFor } from "../shared/sessions.js";
import type { Settings } from "../shared/settings.js";
import { MINUTE_MS } from "../shared/times.js";
import { countRefusal } from "../rows/refusals.js";
import { readAddressSalt } from "../settings/inForce.js";

/**
 * Lets a new visitor in, or counts the refusal and writes nothing else. Off, a bound costs nothing; the
 * deployment's costs a new visitor three reads and one write. Two of them conflict only where both draw the same of
 * up to 32 shards.
 * @returns the answer to the visitor who is refused; `null` for one who may come
 */
export async function admit(
  ctx: MutationCtx,
  {
    maxNewSessionsPerMinute,
    maxNewSessionsPerMinutePerAddress: perAddress,
  }: Settings,
  now: number,
) {
  const ofAddress =
    perAddress === "never" ? null : await addressLimit(ctx, perAddress);
  const { checkRateLimit, rateLimit } = components.rateLimiter.lib;
  if (ofAddress !== null) {
    // Only asked: what the deployment's bound refuses must not count against the address.
    const { ok, retryAfter } = await believed(ctx, ofAddress, () =>
      ctx.runQuery(checkRateLimit, ofAddress),
    );
    if (!ok) return await refused(ctx, "ofAddress", retryAfter, now);
  }
  if (maxNewSessionsPerMinute !== "never") {
    const limit = {
      name: "newSessions",
      config: bucketOf(maxNewSessionsPerMinute, shardsFor),
    };
    const { ok, retryAfter } = await believed(ctx, limit, () =>
      ctx.runMutation(rateLimit, limit),
    );
    if (!ok) return await refused(ctx, "newSessions", retryAfter, now);
  }
  if (ofAddress !== null) await ctx.runMutation(rateLimit, ofAddress);
  return null;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/**
 * The refused come back over so many ms, not all at once: more of them come than are let in, and at once they
 * would only be refused again.
 */
const SPREAD_MS = 5_000;
const SOONEST_MS = 1_000;

async function refused(
  ctx: MutationCtx,
  what: "newSessions" | "ofAddress",
  retryAfter = 0,
  now: number,
) {
  await countRefusal(ctx, what, now);
  const soonestMs = Math.max(SOONEST_MS, retryAfter);
  return refuseFor(
    "tooManySessions",
    Math.ceil(soonestMs + Math.random() * SPREAD_MS),
  );
}

interface Limit {
  name: string;
  key?: string;
  config: ReturnType<typeof bucketOf>;
}

/**
 * The limiter's answer. One that lets nobody in for longer than a bucket takes to hold one more comes of a time that
 * a clock stored which was ahead: the bucket is begun anew, or everybody new would be refused until then.
 */
async function believed<Answer extends { ok: boolean; retryAfter?: number }>(
  ctx: MutationCtx,
  { name, key, config: { rate, period, shards } }: Limit,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  const answer = await ask();
  const longestMs = (period * shards) / rate + CLOCK_STEP_MS;
  if (answer.ok || (answer.retryAfter ?? 0) <= longestMs) return answer;
  const { resetRateLimit } = components.rateLimiter.lib;
  const bucket = key === undefined ? { name } : { name, key };
  await ctx.runMutation(resetRateLimit, bucket);
  return await ask();
}

/** Clocks are set by so much unnoticed. */
const CLOCK_STEP_MS = 1_000;

/** A twentieth of a minute's worth at once, and that of the smallest bounds whole, so that they can be tried by hand. */
function bucketOf(perMinute: number, shards: (perMinute: number) => number) {
  return {
    kind: "token bucket" as const,
    rate: perMinute,
    period: MINUTE_MS,
    capacity: Math.max(perMinute / 20, Math.min(perMinute, 30)),
    shards: shards(perMinute),
  };
}

/**
 * Under five new visitors a second hardly two conflict, and one shard is exact. With more, each shard holds at
 * least five; and it takes three before the limiter looks at a second one where the first is empty.
 */
function shardsFor(perMinute: number): number {
  return perMinute < 300 ? 1 : Math.min(32, Math.floor(perMinute / 100));
}

// ── Addresses ───────────────────────────────────────────────────────────────

/** Two addresses share one of the buckets by chance, and the rows of the limiter are no more than these. */
const BUCKETS = 4_096;

/** `null` where the call came from no address, as one of a scheduled function. */
async function addressLimit(ctx: MutationCtx, perMinute: number) {
  const { ip } = await ctx.meta.getRequestMetadata();
  if (ip === null) return null;
  const salt = await readAddressSalt(ctx);
  return {
    name: "newSessionsOfAddress",
    key: String(await bucketNumber(salt, networkOf(ip))),
    config: bucketOf(perMinute, () => 1),
  };
}

/** Twelve bits of a salted hash: they say nothing of the address, not even to whoever reads the salt. */
async function bucketNumber(salt: string, network: string): Promise<number> {
  const text = new TextEncoder().encode(`${salt} ${network}`);
  const digest = await crypto.subtle.digest("SHA-256", text);
  return new DataView(digest).getUint32(0) % BUCKETS;
}

/** What one customer of a provider has: an IPv4 address, or of an IPv6 address its first 64 bits. */
export function networkOf(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
  if (mapped !== undefined) return mapped;
  if (!ip.includes(":")) return ip;
  const [before = "", after] = ip.toLowerCase().split("::");
  const first = groupsOf(before);
  const last = after === undefined ? [] : groupsOf(after);
  const zeros = Array<string>(Math.max(0, 8 - first.length - last.length));
  return [...first, ...zeros.fill("0"), ...last].slice(0, 4).join(":");
}

/** The groups of part of an IPv6 address without leading zeros. */
function groupsOf(part: string): string[] {
  return part === ""
    ? []
    : part.split(":").map((group) => group.replace(/^0+(?=.)/, ""));
}
