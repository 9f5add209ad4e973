import type { CliContext } from "../context.js";
import type { ComponentClient } from "../deployment/client.js";
import { confirmYes } from "../terminal/confirm.js";
import { note } from "../terminal/output.js";
import { countOf, formatNumber, retentionText } from "../terminal/words.js";
import { nextPurgeText } from "../schedules/report.js";
import type { Checked } from "./import/check.js";
import type { RetentionDays } from "../../convex/sessionTracker/shared/settings.js";

/** Asks before importing sessions that would be deleted again before anybody has looked at them. */
export async function confirmOlder(
  context: CliContext,
  client: ComponentClient,
  options: { yes?: boolean; json?: boolean },
  { older, rows }: Checked,
  retentionDays: RetentionDays,
): Promise<void> {
  if (older === 0) return;
  const schedules = await client.query("schedules/show:list", {});
  const text = `${formatNumber(older)} of ${countOf(rows, "row")} ${older === 1 ? "is" : "are"} older than the retention of ${retentionText(retentionDays)}; ${nextPurgeText(schedules)}.`;
  note(context, text);
  if (schedules.some(({ name, paused }) => name === "purge" && paused)) return;
  await confirmYes(
    context,
    options,
    `Import ${older === 1 ? "it" : "them"} all the same?`,
    "--yes, pause the purges (sessions-ops schedule pause purge --reason …) or raise the retention (sessions-ops retention DAYS)",
  );
}
