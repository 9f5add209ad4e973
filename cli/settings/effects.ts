import type { CliContext } from "../context.js";
import { colorsFor } from "../terminal/output.js";
import { intervalTable } from "./table.js";
import { contradictionTexts } from "./contradictions.js";
import type { Settings } from "../../convex/sessionTracker/shared/settings.js";

/**
 * The settings in effect: each interval as a time, and where they contradict each other, for that
 * stream.
 */
export function settingsReport(
  context: CliContext,
  settings: Settings,
  stream: "stdout" | "stderr",
): string {
  const warnings = warningLines(context, settings, stream);
  return [
    intervalTable(context, settings),
    ...(warnings.length === 0 ? [] : ["", ...warnings]),
  ].join("\n");
}

export function warningLines(
  context: CliContext,
  settings: Settings,
  stream: "stdout" | "stderr",
): string[] {
  const { yellow } = colorsFor(context, stream);
  return contradictionTexts(settings, context.now()).map((warning) =>
    yellow(`! ${warning}`),
  );
}
