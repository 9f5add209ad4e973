import { Command, Help } from "commander";
import { VERSION } from "../convex/sessionTracker/shared/version.js";
import type { CliContext } from "./context.js";
import { CliError, describeError, toErrorJson } from "./errors.js";
import { note, printErrorJson } from "./terminal/output.js";
import { printableText } from "./terminal/printable.js";
import type { TargetFlags } from "./terminal/shell.js";
import {
  flushed,
  NotWritten,
  StdoutWatch,
  writeErr,
  writeOut,
} from "./terminal/streams.js";
import type { ErrorJson } from "./json/shapes.js";
import { withExamples } from "./commands/arguments.js";
import { addCleaningCommands } from "./commands/cleaning.js";
import { addDataCommands } from "./commands/data.js";
import { addHelpCommand } from "./commands/help.js";
import { addHookCommands } from "./commands/hooks.js";
import { addRunCommands } from "./commands/runs.js";
import { addScheduleCommands } from "./commands/schedules.js";
import { addSessionCommands } from "./commands/sessions.js";
import { addSettingsCommands } from "./commands/settings.js";
import { addUpkeepCommands } from "./commands/upkeep.js";

export interface Ended {
  readonly exitCode: number;
  /** Calls may be under way that nobody waits for. */
  readonly isInterrupted: boolean;
}

/**
 * Runs one command and prints what ended it. Ctrl-C ends it at once, unless it is at something that
 * has an end of its own.
 */
export async function runProgram(
  context: CliContext,
  argv: readonly string[],
): Promise<Ended> {
  const stdout = new StdoutWatch(context);
  // Without anybody to read what is said besides, or room for it, the command itself goes on.
  context.stderr.on("error", () => {});
  let isInterrupted = false;
  let stopListening = (): void => {};
  const interrupted = new Promise<never>((_resolve, reject) => {
    const end = (): void => {
      isInterrupted = true;
      reject(new CliError("cancelled", "Interrupted."));
    };
    stopListening = context.onInterrupt(end, { isFallback: true });
  });
  const program = buildProgram(context);
  try {
    const command = program.parseAsync(argv);
    await Promise.race([command, interrupted, stdout.broken]);
    await flushed(context);
    return { exitCode: 0, isInterrupted };
  } catch (error) {
    if (error instanceof NotWritten && error.isClosed) {
      return { exitCode: 0, isInterrupted: true };
    }
    const { text, exitCode } = describeError(error);
    const json = isForPrograms(program, argv) ? toErrorJson(error) : null;
    if (json !== null) printErrorJson(context, completed(context, json));
    else if (text !== "") note(context, text);
    return { exitCode, isInterrupted: isInterrupted || stdout.isBroken };
  } finally {
    stopListening();
  }
}

/** Also where the command line ends before it is understood. */
function isForPrograms(program: Command, argv: readonly string[]): boolean {
  const { json = false } = program.opts<{ json?: boolean }>();
  return json || argv.includes("--jsonl");
}

function completed({ commands }: CliContext, { error }: ErrorJson): ErrorJson {
  const { message, hint } = error;
  return {
    error: {
      ...error,
      message: commands.complete(message),
      ...(hint === undefined ? {} : { hint: commands.complete(hint) }),
    },
  };
}

/**
 * The command line. Each command loads its own code when it is called, so that `--help` and a
 * mistyped option answer at once. Errors are thrown, usage errors as commander's.
 */
export function buildProgram(context: CliContext): Command {
  const program = new Command("sessions-ops")
    .description(
      "Track, expire, purge and operate anonymous sessions on Convex.",
    )
    .version(VERSION)
    .option("--url <url>", "the deployment, with --admin-key-file")
    .option(
      "--admin-key-file <file>",
      "file with the deployment's admin or deploy key",
    )
    .option(
      "--component <path>",
      "where the component is mounted (env SESSIONS_OPS_COMPONENT; default: sessionTracker)",
    )
    .option(
      "--production <name>",
      "write to the production deployment of this name without asking",
    )
    .option("--json", "print one JSON object on stdout; never ask")
    .configureHelp({
      showGlobalOptions: true,
      minWidthToWrap: 20,
      formatItem: formatHelpItem,
    })
    .configureOutput({
      writeOut: (text) => writeOut(context, text),
      writeErr: (text) => writeErr(context, printableText(text)),
      // The thrown error says the same, and is printed where all errors are.
      outputError: () => {},
      getOutHelpWidth: () => context.stdout.columns ?? 80,
      getErrHelpWidth: () => context.stderr.columns ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride()
    .hook("preAction", async (_program, command) => {
      checkOutput(command);
      await nameTarget(context, command);
    });
  addSessionCommands(program, context);
  addCleaningCommands(program, context);
  addRunCommands(program, context);
  addSettingsCommands(program, context);
  addScheduleCommands(program, context);
  addDataCommands(program, context);
  addHookCommands(program, context);
  addUpkeepCommands(program, context);
  addHelpCommand(program);
  refuseSurplus(program);
  return withExamples(
    program,
    "status",
    "purge --days 14 --dry-run",
  ).addHelpText(
    "after",
    `
Without --url, the deployment is found as the official CLI finds it (CONVEX_DEPLOY_KEY, then
CONVEX_SELF_HOSTED_URL and CONVEX_SELF_HOSTED_ADMIN_KEY, in the environment, .env.local or .env);
else it is the one that \`sessions-ops serve\` runs in this folder.

Exit codes: 0 ok, 1 failure, 2 usage, cancelled, or no longer waiting for a run after Ctrl-C
(which never stops it), 3 the run failed, 4 not authorised or not reachable, 5 refused without
confirmation.`,
  );
}

/** A group takes any word, to say that it knows none such; its commands would inherit that. */
function refuseSurplus({ commands }: Command): void {
  for (const command of commands) {
    if (command.commands.length === 0) command.allowExcessArguments(false);
    refuseSurplus(command);
  }
}

/** Below this two columns would leave too little for words. */
const TWO_COLUMNS = 60;

/** Puts the description below where it does not fit beside. */
function formatHelpItem(
  this: Help,
  term: string,
  termWidth: number,
  description: string,
  helper: Help,
): string {
  const width = helper.helpWidth ?? 80;
  if (width >= TWO_COLUMNS || description === "") {
    const beside = Help.prototype.formatItem.bind(this);
    return beside(term, termWidth, description, helper);
  }
  const indent = "      ";
  const below = helper.boxWrap(description, width - indent.length);
  return `  ${term}\n${indent}${below.replaceAll("\n", `\n${indent}`)}`;
}

/** For what is printed before the deployment is looked for. */
async function nameTarget(
  { commands }: CliContext,
  command: Command,
): Promise<void> {
  const given = command.optsWithGlobals<TargetFlags>();
  const { url, adminKeyFile, component } = given;
  if ((url ?? adminKeyFile ?? component) === undefined) return;
  const { targetFlags } = await import("./terminal/shell.js");
  commands.targetFlags = targetFlags(given);
}

/** Commander sees conflicts only between options of one command. */
function checkOutput(command: Command): void {
  const { json, jsonl } = command.optsWithGlobals<{
    json?: boolean;
    jsonl?: boolean;
  }>();
  if (!json || !jsonl) return;
  throw new CliError(
    "usage",
    "--json and --jsonl are two forms of the same output. Leave one out.",
  );
}
