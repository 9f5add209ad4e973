import type { Command } from "commander";
import type { ListOptions } from "../commands/list.js";
import type { ShowOptions } from "../commands/show.js";
import type { CliContext } from "../context.js";
import type { GlobalOptions } from "../lib/connect.js";
import { wholeNumber, withExamples } from "./arguments.js";

export function addSessionCommands(
  program: Command,
  context: CliContext,
): void {
  withExamples(
    program
      .command("status")
      .description("show counts, policy, schedules and runs"),
    "status",
    "status --json",
  ).action(async (_options, command: Command) => {
    const { status } = await import("../commands/status.js");
    await status(context, command.optsWithGlobals<GlobalOptions>());
  });

  withExamples(
    program
      .command("list")
      .description("list sessions, newest first")
      .option("--active", "only those active now")
      .option("--limit <n>", "how many at most", wholeNumber(1), 50)
      .option("--cursor <cursor>", "go on after an earlier page"),
    "list --active --limit 20",
    "list --json",
  ).action(async (_options, command: Command) => {
    const { list } = await import("../commands/list.js");
    await list(context, command.optsWithGlobals<ListOptions>());
  });

  withExamples(
    program
      .command("show")
      .description("show a session and what the visitor did")
      .argument("<id>", "sessionId or anonymousId")
      .option(
        "--limit <n>",
        "how many actions at most",
        wholeNumber(1, 1_000),
        50,
      )
      .option("--cursor <cursor>", "go on after an earlier page"),
    "show 6f1c2a9e-3b7d-4c58-9e21-0d4f5a6b7c8d",
    "show user123 --limit 200 --json",
  ).action(async (id: string, _options, command: Command) => {
    const { show } = await import("../commands/show.js");
    await show(context, id, command.optsWithGlobals<ShowOptions>());
  });
}
