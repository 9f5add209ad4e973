/** What settings come to: each interval as a time, and where they contradict each other. */
import type { CliContext } from "../context.js";
import { colorsFor, widthOf } from "../terminal/output.js";
import { formatTable } from "../terminal/table.js";
import { formatRelative, formatTime, isUtc } from "../time/time.js";
import { formatZonedTime } from "../time/zonedTime.js";
import { ownCutoffs } from "../../convex/sessionTracker/shared/runs/run.js";
import {
  purgeCutoff,
  type Settings,
} from "../../convex/sessionTracker/shared/settings.js";
import { contradictionTexts } from "./contradictions.js";

/** The intervals and the contradictions of the settings, coloured for that stream. */
export function effectsText(
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

/** The contradictions, a line each, coloured for that stream. */
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

/** The intervals as times from now on, in UTC and in the operator's own zone. */
function intervalTable(context: CliContext, settings: Settings): string {
  const { idleTimeoutMs, touchAfterMs } = settings;
  const now = context.now();
  const moments: Array<[what: string, at: number]> = [
    ...purgeMoments(settings, now),
    ["who is seen now and not again is expired from", now + idleTimeoutMs],
    ["a heartbeat now is written again from", now + touchAfterMs],
  ];
  const { timeZone } = context;
  const isSame = isUtc(timeZone);
  return formatTable(
    ["WITH THESE", "UTC", ...(isSame ? [] : [timeZone]), "IN"],
    moments.map(([what, at]) => [
      what,
      formatTime(at),
      ...(isSame ? [] : [formatZonedTime(at, timeZone)]),
      formatRelative(at, now),
    ]),
    widthOf(context),
  );
}

function purgeMoments(
  settings: Settings,
  now: number,
): Array<[what: string, at: number]> {
  const sessions = purgeCutoff(settings.retentionDays, now);
  const { visits, actions } = ownCutoffs(settings, now) ?? {};
  return (
    [
      ["a purge now takes who was last active before", sessions],
      ["and visits that ended before", visits],
      ["and actions from before", actions],
    ] as const
  ).flatMap(([what, at]) =>
    at === null || at === undefined ? [] : [[what, at]],
  );
}
