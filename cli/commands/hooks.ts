import { Argument, type Command } from "commander";
import type { HookName } from "../../convex/sessionTracker/shared/shared.js";
import type { HooksClearOptions, HooksOptions } from "../hooks/hooks.js";
import type { CliContext } from "../context.js";
import type { GlobalOptions } from "../deployment/connect.js";
import { wholeNumber, withExamples } from "./arguments.js";
import { byDefault } from "./groups.js";

// Not the component's list: loading that costs every command.
const NAMES: readonly HookName[] = ["onExpired", "onPurged"];

export function addHookCommands(program: Command, context: CliContext): void {
  const hooks = withExamples(
    program
      .command("hooks")
      .description("the app's hooks: whether they answer, and what they owe"),
    "hooks list",
    "hooks retry",
  );
  byDefault(hooks, "list");

  withExamples(
    hooks
      .command("list")
      .description(
        "show each hook, whether it answers, and erasures it has not done (default)",
      )
      .option("--limit <n>", "how many of these at most", wholeNumber(1), 100),
    "hooks list",
    "hooks list --json",
  ).action(async (_options, command: Command) => {
    const { listHooks } = await import("../hooks/hooks.js");
    await listHooks(context, command.optsWithGlobals<HooksOptions>());
  });

  withExamples(
    hooks
      .command("retry")
      .description("call the hooks again for what they owe"),
    "hooks retry",
    "hooks retry --json",
  ).action(async (_options, command: Command) => {
    const { retryHooks } = await import("../hooks/hooks.js");
    await retryHooks(context, command.optsWithGlobals<GlobalOptions>());
  });

  withExamples(
    hooks
      .command("clear")
      .description("remove a hook, whose function is gone, say")
      .addArgument(new Argument("<name>", "which").choices(NAMES))
      .option("--yes", "do not ask"),
    "hooks clear onPurged",
    "hooks clear onPurged --yes --json",
  ).action(async (name: HookName, _options, command: Command) => {
    const { clearHook } = await import("../hooks/hooks.js");
    await clearHook(
      context,
      name,
      command.optsWithGlobals<HooksClearOptions>(),
    );
  });

  withExamples(
    hooks
      .command("settle")
      .description("strike out what a hook owes and somebody did by hand")
      .argument("<debt>", "its id, as listed"),
    "hooks settle DEBT_ID",
    "hooks settle DEBT_ID --json",
  ).action(async (debtId: string, _options, command: Command) => {
    const { settleHook } = await import("../hooks/hooks.js");
    await settleHook(context, debtId, command.optsWithGlobals<GlobalOptions>());
  });
}
