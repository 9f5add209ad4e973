/** Errors for a write whose answer was lost, and which may be done: they say where to look. */
import type { Args, MutationName } from "./api.js";
import { CliError } from "../errors.js";
import { shellCommand } from "../terminal/shell.js";

type WhereToLook = {
  readonly [Name in MutationName]?: (args: Args<Name>) => string;
};

const command = (...words: string[]) =>
  `\`${shellCommand("sessions-ops", ...words)}\``;
const settings = () => `${command("settings", "get")} says.`;
const schedules = () => `${command("schedule", "list")} says.`;
const run = ({ runId }: { runId: string }) =>
  `${command("runs", "show", runId)} says.`;
const session = ({ session: id }: Args<"visitors/block:lift">) =>
  `${command("show", "sessionId" in id ? id.sessionId : id.anonymousId)} says.`;

const webhooks = () => `${command("webhooks", "list")} says.`;

/**
 * The place to look for each write. Commands that start a run, import or archive say more themselves
 * than stands here.
 */
const WHERE_TO_LOOK: WhereToLook = {
  "settings/settings:change": settings,
  "schedules/change:set": schedules,
  "schedules/change:pause": schedules,
  "schedules/change:resume": schedules,
  "runs/control:cancel": run,
  "runs/control:resume": run,
  "visitors/block:end": session,
  "visitors/block:lift": session,
  "visitors/forget:visitor": ({ anonymousId }) =>
    `${command("show", anonymousId)} finds no session if it was.`,
  "alerts/webhooks:add": () =>
    `${command("webhooks", "list")} says. Where it is there, nobody has its secret: \`sessions-ops webhooks rotate\` makes another.`,
  "alerts/webhooks:remove": webhooks,
  "alerts/webhooks:enable": webhooks,
  "alerts/webhooks:rotate": () =>
    `${command("webhooks", "list")} says; where it was, rotate it again, as nobody has the new secret.`,
  "alerts/webhooks:test": () => `${command("webhooks", "log")} says.`,
  "alerts/deliveries:resend": () => `${command("webhooks", "log")} says.`,
  "operator/health:repair": () => `${command("doctor")} says.`,
  "operator/futureTimes:mend": () => `${command("doctor")} says.`,
  "operator/tally:page": () => `${command("doctor", "--deep")} says.`,
};

/** The error of a write that may be done, with where to look. */
export function unanswered<Name extends MutationName>(
  name: Name,
  args: Args<Name>,
  cause: CliError,
): CliError {
  const look = whereToLook(name, args);
  if (look === null) return cause;
  return new CliError(
    "unreachable",
    `${cause.message}\nWhether it was done is not known: ${look}`,
    { cause },
  );
}

/** The same error, where somebody pressed Ctrl-C and the answer was not waited for. */
export function unansweredAtInterrupt<Name extends MutationName>(
  name: Name,
  args: Args<Name>,
  cause: CliError,
): CliError {
  const look = whereToLook(name, args);
  return new CliError(
    "cancelled",
    `Interrupted before the deployment answered; whether it was done is not known${look === null ? "." : `: ${look}`}`,
    { cause },
  );
}

/** The error of a query that came after a write, which was done. */
export function reportLost(look: string, cause: CliError): CliError {
  return new CliError(
    "unreachable",
    `${cause.message}\nWhat was asked for was done before that: ${look}`,
    { cause },
  );
}

export function whereToLook<Name extends MutationName>(
  name: Name,
  args: Args<Name>,
): string | null {
  return WHERE_TO_LOOK[name]?.(args) ?? null;
}
