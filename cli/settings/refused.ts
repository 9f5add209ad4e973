/** What the bounds on strangers refused, in words. */
import type { Status } from "../deployment/api.js";
import { countOf, formatNumber, type Advice } from "../terminal/words.js";
import { formatRelative } from "../time/time.js";
import type { Policy } from "../../convex/sessionTracker/shared/settings.js";

type Refused = Status["refused"];

/** Of each count, what it is of, and the setting by which one turns it. */
const BOUNDS = [
  ["newSessions", "a new visitor", "maxNewSessionsPerMinute"],
  ["ofAddress", "a new visitor", "maxNewSessionsPerMinutePerAddress"],
  ["actionsPerMinute", "an action", "maxActionsPerMinute"],
  ["actionsPerSession", "an action", "maxActionsPerSession"],
] as const satisfies [keyof Refused, string, keyof Policy][];

/** How many calls were refused in the last 24 hours; `null` where none was. */
export function refusedText({ refused }: Status, now: number): string | null {
  const { newSessions, ofAddress, actionsPerMinute, actionsPerSession } =
    refused;
  const actions = actionsPerMinute + actionsPerSession;
  if (refused.lastAt === null) return null;
  return `${countOf(newSessions + ofAddress, "call")} of new visitors and ${countOf(actions, "action")} in the last 24 hours, the last ${formatRelative(refused.lastAt, now)}`;
}

/** What to do about each bound that refused calls in the last 24 hours. */
export function refusedAdvice(
  { refused, settings }: Pick<Status, "refused" | "settings">,
  now: number,
): Advice[] {
  const { lastAt } = refused;
  if (lastAt === null) return [];
  return BOUNDS.flatMap(([of, what, setting]) => {
    const count = refused[of];
    if (count === 0) return [];
    const bound = settings[setting];
    const most = typeof bound === "number" ? formatNumber(bound) : bound;
    return [
      {
        what: `strangers are being refused: ${countOf(count, "call")} with ${what} beyond ${setting} (${most}) in the last 24 hours (the last of any kind: ${formatRelative(lastAt, now)})`,
        remedy: remedyOf(setting),
      },
    ];
  });
}

function remedyOf(setting: (typeof BOUNDS)[number][2]): string {
  const set = `\`sessions-ops settings set ${setting}=N\``;
  switch (setting) {
    case "maxNewSessionsPerMinute":
      return `If they are real visitors, ${set} lets more in. If somebody makes them up, leave it, and bound each address by \`maxNewSessionsPerMinutePerAddress\`; who has a session is served all the while.`;
    case "maxNewSessionsPerMinutePerAddress":
      return `If many real visitors share an address, as behind a proxy, ${set} lets more in, and \`never\` turns it off.`;
    case "maxActionsPerMinute":
      return `If the app records so many, ${set} takes more; a browser keeps them meanwhile and sends them when the answer says.`;
    case "maxActionsPerSession":
      return `Such a session is full for good: ${set} takes more, or record less.`;
  }
}
