/** Adding and removing webhooks, and what operators see of them. Addresses and secrets are shown to nobody. */
import { v } from "convex/values";
import { internal } from "../_generated/api.js";
import type { Doc } from "../_generated/dataModel.js";
import {
  action,
  internalMutation,
  mutation,
  query,
} from "../_generated/server.js";
import { checkReason, fail } from "../shared/errors.js";
import { MAX_WEBHOOKS } from "../shared/limits.js";
import { vRunKind } from "../shared/runs/kinds.js";
import { DAY_MS } from "../shared/times.js";
import { readUrl, shownUrl } from "../shared/webhooks/urls.js";
import { vEvents, vWebhookFormat } from "../shared/webhooks/webhook.js";
import { audit } from "../rows/audit.js";
import { allWebhooks, put } from "../rows/outbox/outbox.js";
import { toDelivery, vDelivery } from "./deliveries.js";
import { checkApart, existing } from "./named.js";
import { toWebhook, vWebhook } from "./shown.js";

/** A secret that was replaced signs beside the new one for this long. */
const ROTATION_MS = DAY_MS;

const vAsked = {
  /** HTTPS, or HTTP to a loopback address. */
  url: v.string(),
  /** What operators call it by, beside its id. @default only its id */
  name: v.optional(v.string()),
  format: vWebhookFormat,
  /** @default all; a `ping` has none */
  events: v.optional(vEvents),
  /** Only of these kinds of runs; a `ping` has to name them. @default all */
  kinds: v.optional(v.array(vRunKind)),
  actor: v.string(),
  reason: v.optional(v.string()),
};

/**
 * Adds a webhook.
 * @returns the webhook, and the secret that signs its deliveries, which nothing returns again; `null` for a format
 *   that is not signed
 * @throws invalidArgument `{ argument }`
 */
export const add = action({
  args: vAsked,
  returns: v.object({
    webhook: vWebhook,
    secret: v.union(v.string(), v.null()),
  }),
  handler: async (ctx, asked): Promise<Added> => {
    // An action's randomness is good enough for a key; a mutation's comes from a seed.
    const secret = asked.format === "standard" ? newSecret() : null;
    const signed = secret === null ? asked : { ...asked, secret };
    const insert = internal.alerts.webhooks.insert;
    return { webhook: await ctx.runMutation(insert, signed), secret };
  },
});

export const insert = internalMutation({
  args: { ...vAsked, secret: v.optional(v.string()) },
  returns: vWebhook,
  handler: async (ctx, { url: text, reason, ...asked }) => {
    checkReason(reason);
    const url = checkUrl(text);
    checkEvents(asked);
    if ((await allWebhooks(ctx)).length >= MAX_WEBHOOKS) {
      fail(
        "invalidArgument",
        `There are ${MAX_WEBHOOKS} webhooks, and no more can be added: remove one first.`,
        { argument: "url" },
      );
    }
    const { events = "all", kinds, ...rest } = asked;
    await checkApart(ctx, { ...asked, url, events });
    const id = await ctx.db.insert("webhooks", {
      ...rest,
      url,
      events,
      ...(kinds === undefined ? {} : { kinds }),
    });
    await audit(ctx, {
      what: "webhook.added",
      ...by({ actor: asked.actor, reason }),
      target: id,
      after: {
        ...named(asked),
        ...{ url: shownUrl(url), format: asked.format, events },
      },
    });
    return toWebhook(await existing(ctx, id));
  },
});

/** All webhooks, in the order in which they were added, each with its last delivery. */
export const list = query({
  args: {},
  returns: v.array(
    v.object({ ...vWebhook.fields, last: v.union(vDelivery, v.null()) }),
  ),
  handler: async (ctx) => {
    const shown = [];
    for (const webhook of await allWebhooks(ctx)) {
      const last = await ctx.db
        .query("deliveries")
        .withIndex("webhook_at", (q) => q.eq("webhook", webhook._id))
        .order("desc")
        .first();
      const lastShown = last === null ? null : toDelivery(last);
      shown.push({ ...toWebhook(webhook), last: lastShown });
    }
    return shown;
  },
});

/** One webhook. @throws webhookNotFound */
export const get = query({
  args: { webhookId: v.string() },
  returns: vWebhook,
  handler: async (ctx, { webhookId }) =>
    toWebhook(await existing(ctx, webhookId)),
});

const vBy = {
  /** Its id, or its name. */
  webhookId: v.string(),
  actor: v.string(),
  reason: v.optional(v.string()),
};

/** Removes a webhook. What was to be delivered to it is not; its deliveries stay in the ledger. @throws webhookNotFound */
export const remove = mutation({
  args: vBy,
  returns: vWebhook,
  handler: async (ctx, { webhookId, ...asked }) => {
    checkReason(asked.reason);
    const webhook = await existing(ctx, webhookId);
    await ctx.db.delete("webhooks", webhook._id);
    await audit(ctx, {
      what: "webhook.removed",
      ...by(asked),
      target: webhook._id,
      before: {
        ...named(webhook),
        ...{ url: shownUrl(webhook.url), format: webhook.format },
      },
    });
    return toWebhook(webhook);
  },
});

/**
 * Enables a webhook that was disabled. It is told of what happens from now on.
 * @returns `enabled: false` where it was enabled before
 * @throws webhookNotFound
 */
export const enable = mutation({
  args: vBy,
  returns: v.object({ enabled: v.boolean(), webhook: vWebhook }),
  handler: async (ctx, { webhookId, ...asked }) => {
    checkReason(asked.reason);
    const webhook = await existing(ctx, webhookId);
    const { _id, disabled } = webhook;
    if (disabled === undefined) {
      return { enabled: false, webhook: toWebhook(webhook) };
    }
    const fresh = { disabled: undefined, failingSince: undefined };
    await ctx.db.patch("webhooks", _id, fresh);
    await audit(ctx, {
      what: "webhook.enabled",
      ...by(asked),
      target: _id,
      before: { why: disabled.why },
    });
    return { enabled: true, webhook: toWebhook(await existing(ctx, _id)) };
  },
});

/**
 * Gives a webhook another secret. For a day the one before signs as well, so that its receiver can change over.
 * @throws webhookNotFound; invalidArgument for a webhook that is not signed
 */
export const rotate = action({
  args: vBy,
  returns: v.object({ webhook: vWebhook, secret: v.string() }),
  handler: async (ctx, asked): Promise<{ webhook: Shown; secret: string }> => {
    const secret = newSecret();
    const replace = internal.alerts.webhooks.replaceSecret;
    return {
      webhook: await ctx.runMutation(replace, { ...asked, secret }),
      secret,
    };
  },
});

export const replaceSecret = internalMutation({
  args: { ...vBy, secret: v.string() },
  returns: vWebhook,
  handler: async (ctx, { webhookId, secret, ...asked }) => {
    checkReason(asked.reason);
    const webhook = await existing(ctx, webhookId);
    if (webhook.secret === undefined) {
      fail(
        "invalidArgument",
        `The webhook ${webhook._id} has no secret: what is sent in the format ${webhook.format} is not signed.`,
        { argument: "webhookId" },
      );
    }
    const until = Date.now() + ROTATION_MS;
    const formerSecret = { secret: webhook.secret, until };
    await ctx.db.patch("webhooks", webhook._id, { secret, formerSecret });
    await audit(ctx, {
      what: "webhook.rotated",
      ...by(asked),
      target: webhook._id,
    });
    return toWebhook(await existing(ctx, webhook._id));
  },
});

/**
 * Sends a test to a webhook, also to one that is disabled. It is tried once.
 * @returns the delivery, whose outcome `deliveries.get` has once it is there, and the number of its attempt
 * @throws webhookNotFound
 */
export const test = mutation({
  args: { webhookId: v.string() },
  returns: v.object({ deliveryId: v.id("deliveries"), attempt: v.number() }),
  handler: async (ctx, { webhookId }) => {
    const { _id } = await existing(ctx, webhookId);
    const content = { type: "webhook.test", data: { webhookId: _id } } as const;
    return { deliveryId: await put(ctx, _id, content), attempt: 1 };
  },
});

// ── Helpers ─────────────────────────────────────────────────────────────────

type Shown = ReturnType<typeof toWebhook>;
interface Added {
  webhook: Shown;
  secret: string | null;
}

/** As Standard Webhooks has it: 24 to 64 random bytes in base64. */
function newSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return `whsec_${btoa(String.fromCharCode(...bytes))}`;
}

/** @throws invalidArgument */
function checkUrl(text: string): string {
  const read = readUrl(text);
  if ("url" in read) return read.url;
  fail("invalidArgument", read.fault, { argument: "url" });
}

/** @throws invalidArgument for a webhook that would never be told of anything, or not of what it is for */
function checkEvents({
  format,
  events = "all",
  kinds,
}: Pick<Doc<"webhooks">, "format" | "kinds"> & {
  events?: Doc<"webhooks">["events"];
}): void {
  const refuse = (argument: string, message: string): never =>
    fail("invalidArgument", message, { argument });
  if (events !== "all" && events.length === 0) {
    refuse("events", "No events are named, so that it would never hear any.");
  }
  if (kinds?.length === 0) {
    refuse("kinds", "No kinds of runs are named: name one, or leave it out.");
  }
  if (format !== "ping") return;
  if (events !== "all") {
    refuse("events", "A ping tells of no event: name the kinds of runs only.");
  }
  if (kinds === undefined) {
    refuse(
      "kinds",
      "Name the kind of runs after which it is pinged: a switch that any of them resets says nothing of the others.",
    );
  }
}

function named({ name }: { name?: string | undefined }) {
  return name === undefined ? {} : { name };
}

function by({ actor, reason }: { actor: string; reason?: string | undefined }) {
  return { actor, ...(reason === undefined ? {} : { reason }) };
}
