import type { Status } from "../deployment/api.js";
import { webhookAdvice } from "../webhooks/advice.js";
import { ok, problem, warning, type Finding } from "./finding.js";

/** Findings on webhooks, by what their endpoints have answered; none where there are none. */
export function checkWebhooks({ webhooks }: Status): Finding[] {
  if (webhooks.length === 0) return [];
  const found = webhooks.flatMap((webhook) => {
    const advice = webhookAdvice(webhook);
    if (advice === null) return [];
    const finding = webhook.disabled === null ? warning : problem;
    return [finding("webhooks", advice.what, advice.remedy)];
  });
  return found.length === 0 ? [ok("webhooks", "none fails")] : found;
}
