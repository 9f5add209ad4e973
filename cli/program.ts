import { Help, type AnyCommand } from "./commandLine/commander.js";
import { examples } from "./commandLine/examples.js";
import { hasJsonLines, JSON_LINES } from "./commandLine/options.js";
import { newProgram, type Program } from "./commandLine/bareProgram.js";
import { addCompletion } from "./commands/completion.js";
import { addDashboard } from "./commands/dashboard.js";
import { addDeployments } from "./commands/deployments.js";
import { addDescribe } from "./commands/describe.js";
import { addDoctor } from "./commands/doctor.js";
import { addEnd } from "./commands/end.js";
import { addExpire } from "./commands/expire.js";
import { addExport } from "./commands/export.js";
import { addForget } from "./commands/forget.js";
import { addHelp } from "./commands/help.js";
import { addHooks } from "./commands/hooks.js";
import { addImport } from "./commands/import.js";
import { addList } from "./commands/list.js";
import { addLog } from "./commands/log.js";
import { addMetrics } from "./commands/metrics.js";
import { addPurge } from "./commands/purge.js";
import { addRetention } from "./commands/retention.js";
import { addRuns } from "./commands/runs.js";
import { addSchedule } from "./commands/schedule.js";
import { addServe } from "./commands/serve.js";
import { addSettings } from "./commands/settings.js";
import { addShow } from "./commands/show.js";
import { addStats } from "./commands/stats.js";
import { addStatus } from "./commands/status.js";
import { addUnblock } from "./commands/unblock.js";
import { addWebhooks } from "./commands/webhooks.js";
import type { CliContext } from "./context.js";
import { CliError, describeError } from "./errors.js";
import { toErrorJson, type ErrorJson } from "./json/error.js";
import { note, printErrorJson } from "./terminal/output.js";
import { printableText } from "./terminal/printable.js";
import {
  beginRemarks,
  endRemarks,
  flushed,
  NotWritten,
  StdoutWatch,
  writeErr,
  writeOut,
} from "./terminal/streams.js";

export interface Ended {
  readonly exitCode: number;
  /** Whether Ctrl-C ended the command: calls may be under way that nobody waits for. */
  readonly isInterrupted: boolean;
}

/**
 * Runs one command and prints the error that ended it. Ctrl-C ends the command at once, unless it does
 * something that has an end of its own.
 */
export async function runProgram(
  context: CliContext,
  argv: readonly string[],
): Promise<Ended> {
  const stdout = new StdoutWatch(context);
  // The command goes on where nobody reads stderr, or has room for it.
  context.stderr.on("error", () => {});
  beginRemarks(context);
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
    endRemarks(context);
    const { text, exitCode } = describeError(error);
    const json = isForPrograms(program, argv) ? toErrorJson(error) : null;
    if (json !== null) printErrorJson(context, completed(context, json));
    else if (text !== "") note(context, text);
    return { exitCode, isInterrupted: isInterrupted || stdout.isBroken };
  } finally {
    stopListening();
  }
}

/** Whether the output is for programs, also where a mistake ends the command line before that is read. */
function isForPrograms(program: Program, argv: readonly string[]): boolean {
  const { json = false } = program.opts();
  return json || argv.includes("--json") || argv.includes(JSON_LINES);
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
export function buildProgram(context: CliContext): Program {
  const program = newProgram();
  program
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
      checkOutput(program, command);
      await nameTarget(program, context);
    });
  const commands = [
    addStatus,
    addStats,
    addMetrics,
    addList,
    addShow,
    addEnd,
    addUnblock,
    addForget,
    addPurge,
    addExpire,
    addRuns,
    addLog,
    addRetention,
    addSettings,
    addSchedule,
    addImport,
    addExport,
    addServe,
    addHooks,
    addWebhooks,
    addDeployments,
    addDoctor,
    addDashboard,
    addDescribe,
    addCompletion,
    addHelp,
  ];
  // The commands are added in the order in which `--help` lists them.
  for (const add of commands) add(program, context);
  refuseSurplus(program);
  return program
    .addHelpText(...examples("status", "purge --days 14 --dry-run"))
    .addHelpText(
      "after",
      `
Without --deployment or --url it is the deployment that SESSIONS_OPS_DEPLOYMENT names; else it is found
as the official CLI finds it (CONVEX_DEPLOY_KEY, then CONVEX_SELF_HOSTED_URL and
CONVEX_SELF_HOSTED_ADMIN_KEY, in the environment, .env.local or .env); else it is the one that
\`sessions-ops serve\` runs in this folder; else the default of \`sessions-ops deployments use\`.

Exit codes: 0 ok, 1 failure, 2 usage, cancelled, or no longer waiting for a run after Ctrl-C
(which never stops it), 3 the run failed, 4 not authorised or not reachable, 5 refused without
confirmation.`,
    );
}

/**
 * Makes commands refuse surplus arguments. A group takes any word, to say that it knows none such; its
 * commands would inherit that.
 */
function refuseSurplus({ commands }: AnyCommand): void {
  for (const command of commands) {
    if (command.commands.length === 0) command.allowExcessArguments(false);
    refuseSurplus(command);
  }
}

/** The width below which two columns would leave too little for words. */
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

/** Names the target for texts that are printed before the deployment is looked for. */
async function nameTarget(
  program: Program,
  { commands }: CliContext,
): Promise<void> {
  const { deployment, url, adminKeyFile, component } = program.opts();
  const flags = { deployment, url, adminKeyFile, component };
  if (Object.values(flags).every((flag) => flag === undefined)) return;
  const { targetFlags } = await import("./terminal/shell.js");
  commands.targetFlags = targetFlags(flags);
}

/**
 * Refuses options that contradict each other: commander sees conflicts only between those of one
 * command.
 */
function checkOutput(program: Program, command: AnyCommand): void {
  if (!program.opts().json || !hasJsonLines(command)) return;
  throw new CliError(
    "usage",
    "--json and --jsonl are two forms of the same output. Leave one out.",
  );
}
