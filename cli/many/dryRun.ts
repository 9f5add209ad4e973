/** The output of `end --dry-run` and `forget --dry-run`. */
import type { CliContext } from "../context.js";
import { toManyDryRunJson } from "../json/dryRun.js";
import type { BoundsOptions } from "../runs/bounds.js";
import { print, printJson } from "../terminal/output.js";
import { printable } from "../terminal/printable.js";
import { shellCommand } from "../terminal/shell.js";
import { countOf } from "../terminal/words.js";
import { formatTime } from "../time/time.js";
import { filterFlags } from "./filter.js";
import type { ManyPreview, ManyRequest } from "./preview.js";

export function printManyDryRun(
  context: CliContext,
  options: { json?: boolean; block?: string } & BoundsOptions,
  { kind }: ManyRequest,
  found: ManyPreview,
): void {
  const json = toManyDryRunJson(kind, found, options.max);
  if (options.json) return printJson(context, json);
  const { filter, sessions } = found;
  const { max, rate, block } = options;
  const of = json.wouldTake < sessions ? ` of the ${foundText(found)}` : "";
  const what =
    of === "" ? foundText(found) : countOf(json.wouldTake, "session");
  const flags = [
    ...(block === undefined ? [] : ["--block", block]),
    ...(max === undefined ? [] : ["--max", String(max)]),
    ...(rate === undefined ? [] : ["--rate", `${rate}/s`]),
  ];
  const more = flags.length === 0 ? "" : ` ${shellCommand(...flags)}`;
  print(
    context,
    [
      `Dry run, nothing ${DONE[kind]}. It would ${VERB[kind]} ${what}${of}.`,
      `To ${VERB[kind]} these: ${printable(`sessions-ops ${kind} ${filterFlags(filter)}${more}`)}`,
    ].join("\n"),
  );
}

/** What was found: 12 sessions (3 active, 9 expired), last active from … to …, with 3 visits under way … */
export function foundText(found: ManyPreview): string {
  const { sessions, byState, underWay, visits, actions } = found;
  const { oldest, newest } = found;
  if (oldest === null || newest === null) return countOf(sessions, "session");
  const states = (["active", "expired", "ended"] as const)
    .filter((state) => byState[state] > 0)
    .map((state) => `${countOf(byState[state], state).replace(/s$/, "")}`)
    .join(", ");
  return `${countOf(sessions, "session")} (${states}), last active from ${formatTime(oldest)} to ${formatTime(newest)}, with ${countOf(visits, "visit")}, ${underWay} of them under way, and ${countOf(actions, "action")}`;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const VERB = { end: "end", forget: "erase" };
const DONE = { end: "ended", forget: "erased" };
