import type { Webhook } from "../deployment/api.js";
import { formatTime } from "../time/time.js";
import type { Advice } from "../terminal/words.js";
import { WHY } from "./text.js";

/** @returns `null` for a webhook whose deliveries arrive */
export function webhookAdvice(webhook: Webhook): Advice | null {
  const { webhookId, disabled, failingSince } = webhook;
  const which = webhook.name ?? `to ${webhook.url}`;
  if (disabled !== null) {
    return {
      what: `the webhook ${which} was disabled at ${formatTime(disabled.at)}, ${WHY[disabled.why]}, and is told of nothing`,
      remedy: `\`sessions-ops webhooks test ${webhookId}\` says whether it answers, \`sessions-ops webhooks enable ${webhookId}\` tells it of what happens from then on, and \`sessions-ops webhooks remove ${webhookId}\` forgets it.`,
    };
  }
  if (failingSince === null) return null;
  return {
    what: `the webhook ${which} has failed since ${formatTime(failingSince)}`,
    remedy: `\`sessions-ops webhooks log --webhook ${webhookId}\` says what it answered. It is tried again, and disabled after a day.`,
  };
}
