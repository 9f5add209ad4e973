import type { CliContext } from "../context.js";
import { CliError } from "../errors.js";
import { countOf, formatNumber } from "./words.js";

interface ConfirmOptions {
  readonly yes?: boolean;
  readonly json?: boolean;
}

/**
 * Goes on after `--yes` or a yes at the terminal.
 * @param flags what to pass instead, for the refusal where nobody can be asked
 */
export async function confirmYes(
  context: CliContext,
  options: ConfirmOptions,
  question: string,
  flags = "--yes",
): Promise<void> {
  if (options.yes) return;
  if (!canAsk(context, options)) {
    throw new CliError(
      "unconfirmed",
      `Not confirmed: ${question} Nobody can be asked here; pass ${flags}.`,
    );
  }
  if (!(await context.prompts.confirm(question))) {
    throw new CliError("cancelled", "Cancelled; nothing was changed.");
  }
}

/**
 * Goes on when the number of sessions was given by `--confirm` or is typed at the terminal: for an
 * action beyond the policy, where a habitual yes must not be enough.
 */
export async function confirmCount(
  context: CliContext,
  options: ConfirmOptions & { confirm?: number },
  count: number,
  why: string,
  verb = "delete",
): Promise<void> {
  const { confirm } = options;
  const given =
    confirm ?? (await typedCount(context, options, count, why, verb));
  if (readCount(given) === count) return;
  const shown =
    typeof given === "number" ? formatNumber(given) : JSON.stringify(given);
  throw new CliError(
    "unconfirmed",
    `Not confirmed: ${shown} is not the number of sessions, ${formatNumber(count)}. Nothing was changed.`,
  );
}

interface NameToConfirm {
  /** The value given instead of an answer. */
  readonly given: string | undefined;
  readonly name: string;
  readonly question: string;
  /** The flags to pass where nobody can be asked. */
  readonly flags: string;
}

/** Goes on when a name was given or is typed at the terminal, exactly. */
export async function confirmName(
  context: CliContext,
  options: ConfirmOptions,
  { given, name, question, flags }: NameToConfirm,
): Promise<void> {
  if (given === undefined && !canAsk(context, options)) {
    throw new CliError(
      "unconfirmed",
      `Not confirmed: ${question} Nobody can be asked here; pass ${flags}.`,
    );
  }
  const typed = given ?? (await context.prompts.input(question)).trim();
  if (typed === name) return;
  if (typed === "") {
    throw new CliError("cancelled", "Cancelled; nothing was changed.");
  }
  throw new CliError(
    "unconfirmed",
    `Not confirmed: ${JSON.stringify(typed)} is not ${name}. Nothing was changed.`,
  );
}

async function typedCount(
  context: CliContext,
  options: ConfirmOptions,
  count: number,
  why: string,
  verb: string,
): Promise<string> {
  if (!canAsk(context, options)) {
    throw new CliError(
      "unconfirmed",
      `Not confirmed: ${why} Pass --confirm ${count} to ${verb} ${countOf(count, "session")}.`,
    );
  }
  const typed = await context.prompts.input(
    `${why} Type the number of sessions to ${verb} them:`,
  );
  if (typed.trim() === "") {
    throw new CliError("cancelled", "Cancelled; nothing was changed.");
  }
  return typed.trim();
}

/** Reads a count as it is typed or as it is shown, with commas between thousands. */
function readCount(given: string | number): number {
  return Number(String(given).replaceAll(/[,\s]/g, ""));
}

/** Whether somebody can be asked. JSON output is for programs: it never prompts. */
export function canAsk(
  context: CliContext,
  options: Pick<ConfirmOptions, "json">,
): boolean {
  return context.interactive && !options.json;
}
