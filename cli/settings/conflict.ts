/**
 * Conflicts of two operators who change the settings at once: the second is told what the first
 * changed.
 */
import type { Returns } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import { CliError } from "../errors.js";
import { refusalData } from "../deployment/failures.js";
import { countOf } from "../terminal/words.js";
import { changeLines } from "./table.js";
import { printable } from "../terminal/printable.js";
import { formatTime } from "../time/time.js";
import type { Settings } from "../../convex/sessionTracker/shared/settings.js";

/** The most changes that an error lists; each is a few lines. */
const SHOWN = 20;

/** Makes a change; where another came first, the error says what others changed meanwhile, and why. */
export async function conflictExplained<T>(
  client: ComponentClient,
  expected: number,
  change: () => Promise<T>,
): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (!isConflict(error)) throw error;
    const text = await conflictText(client, expected, {
      nothing: "Nothing was changed",
      again:
        "Look again (`sessions-ops settings get`), then repeat the change if it is still right.",
    });
    throw new CliError("failure", text, { cause: error });
  }
}

/** Whether the settings are no longer those that the caller named. */
export function isConflict(error: unknown): boolean {
  return refusalData(error)?.["kind"] === "revisionConflict";
}

/** The changes that others have made since that revision, after the refusal and before the advice. */
export async function conflictText(
  client: ComponentClient,
  expected: number,
  { nothing, again }: { nothing: string; again: string },
): Promise<string> {
  const log = await client.query("settings/settings:log", { limit: SHOWN });
  const others = log.filter(({ revision }) => revision > expected).reverse();
  const unseen = (others[0]?.revision ?? expected + 1) - expected - 1;
  return [
    `${nothing}: the settings were at revision ${expected} when you looked, and since then`,
    ...(unseen === 0
      ? []
      : [
          `  (${countOf(unseen, "change")} before these are in \`sessions-ops settings log\`)`,
        ]),
    ...others.flatMap(entryLines),
    again,
  ].join("\n");
}

function entryLines(entry: Returns<"settings/settings:log">[number]): string[] {
  const reason = entry.reason === undefined ? "" : ` (${entry.reason})`;
  return [
    printable(
      `  ${formatTime(entry.at)} ${entry.actor} changed, as revision ${entry.revision}${reason}:`,
    ),
    ...changeLines(
      entry.before as Partial<Settings>,
      entry.after as Partial<Settings>,
    ).map((line) => `    ${line}`),
  ];
}
