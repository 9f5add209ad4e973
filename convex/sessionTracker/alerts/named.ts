/** Webhooks by their id or name, and what two of them may not share. */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { fail } from "../shared/errors.js";
import { EVENT_TYPES } from "../shared/webhooks/events.js";
import { allWebhooks } from "../rows/outbox/outbox.js";

/** @throws webhookNotFound */
export async function existing(
  ctx: QueryCtx,
  idOrName: string,
): Promise<Doc<"webhooks">> {
  const webhook = await find(ctx, idOrName);
  if (webhook !== null) return webhook;
  fail(
    "webhookNotFound",
    `There is no webhook ${JSON.stringify(idOrName)}. \`sessions-ops webhooks list\` shows those there are.`,
    { webhookId: idOrName },
  );
}

/** The id of a webhook, also of one that was removed, as long as the ledger has deliveries to it. @throws webhookNotFound */
export async function idInLedger(
  ctx: QueryCtx,
  idOrName: string,
): Promise<Id<"webhooks">> {
  const id = ctx.db.normalizeId("webhooks", idOrName);
  const delivery =
    id === null
      ? null
      : await ctx.db
          .query("deliveries")
          .withIndex("webhook_at", (q) => q.eq("webhook", id))
          .first();
  return delivery?.webhook ?? (await existing(ctx, idOrName))._id;
}

type Asked = Pick<
  Doc<"webhooks">,
  "url" | "name" | "format" | "events" | "kinds"
>;

/**
 * Refuses a name that does not tell the webhook from others, and a webhook that tells an address once more of what
 * another tells it already.
 * @throws invalidArgument
 */
export async function checkApart(ctx: QueryCtx, asked: Asked): Promise<void> {
  const { name } = asked;
  const others = await allWebhooks(ctx);
  if (name !== undefined) {
    const fault = nameFault(ctx, name, others);
    if (fault !== null) fail("invalidArgument", fault, { argument: "name" });
  }
  const twin = others.find((other) => isToldTwice(asked, other));
  if (twin === undefined) return;
  fail(
    "invalidArgument",
    `The webhook ${twin.name ?? twin._id} tells the same address of the same already, so that it would hear of each event twice: remove that one, or name other events.`,
    { argument: "url" },
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

async function find(
  ctx: QueryCtx,
  idOrName: string,
): Promise<Doc<"webhooks"> | null> {
  const id = ctx.db.normalizeId("webhooks", idOrName);
  if (id !== null) return await ctx.db.get("webhooks", id);
  const webhooks = await allWebhooks(ctx);
  return webhooks.find(({ name }) => name === idOrName) ?? null;
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,39}$/i;

function nameFault(
  ctx: QueryCtx,
  name: string,
  others: Doc<"webhooks">[],
): string | null {
  const quoted = JSON.stringify(name);
  if (!NAME.test(name)) {
    return `The name ${quoted} must be up to 40 letters, digits, dots, dashes and underscores, and begin with one of the first two.`;
  }
  if (ctx.db.normalizeId("webhooks", name) !== null) {
    return `The name ${quoted} looks like the id of a webhook: give another.`;
  }
  return others.some((other) => other.name === name)
    ? `There is a webhook ${quoted} already: give another name, or remove that one first.`
    : null;
}

function isToldTwice(one: Asked, other: Asked): boolean {
  if (one.url !== other.url) return false;
  const isOfSameRuns =
    one.kinds === undefined ||
    (other.kinds?.some((kind) => one.kinds?.includes(kind)) ?? true);
  const pings = [one, other].filter(({ format }) => format === "ping");
  if (pings.length > 0) return pings.length === 2 && isOfSameRuns;
  return EVENT_TYPES.some(
    (type) =>
      isTold(one, type) &&
      isTold(other, type) &&
      (isOfSameRuns || OF_NO_RUN.has(type)),
  );
}

function isTold({ events }: Asked, type: (typeof EVENT_TYPES)[number]) {
  return events === "all" || events.includes(type);
}

/** The events that webhooks are told of whatever kinds of runs they name. */
const OF_NO_RUN: ReadonlySet<string> = new Set<(typeof EVENT_TYPES)[number]>([
  "watchdog.gaveUp",
  "settings.changed",
  "hook.failed",
]);
