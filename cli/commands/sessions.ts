import { Option, type Command } from "commander";
import type { SessionState } from "../../convex/sessionTracker/shared/shared.js";
import type { EndOptions } from "../sessions/end.js";
import type { ForgetOptions } from "../sessions/forget.js";
import type { ListOptions } from "../sessions/list.js";
import type { ShowOptions } from "../sessions/show.js";
import type { StatusOptions } from "../status/status.js";
import type { CliContext } from "../context.js";
import { reasonOption, wholeNumber, withExamples } from "./arguments.js";

const STATES: readonly SessionState[] = ["active", "expired", "ended"];

export function addSessionCommands(
  program: Command,
  context: CliContext,
): void {
  withExamples(
    program
      .command("status")
      .description("show counts, policy, schedules and runs; warnings first")
      .option("--watch", "stay, and show each change as it happens"),
    "status",
    "status --watch",
  ).action(async (_options, command: Command) => {
    const { status } = await import("../status/status.js");
    await status(context, command.optsWithGlobals<StatusOptions>());
  });

  addList(program, context);
  addShow(program, context);

  withExamples(
    withId(
      program
        .command("end")
        .description("end a visitor's session now; it deletes nothing"),
    ).addOption(reasonOption("recorded with the session")),
    "end user123",
    "end 6f1c2a9e-3b7d-4c58-9e21-0d4f5a6b7c8d --reason 'shared computer'",
  ).action(async (id: string, _options, command: Command) => {
    const { end } = await import("../sessions/end.js");
    await end(context, id, command.optsWithGlobals<EndOptions>());
  });

  withExamples(
    withId(
      program
        .command("forget")
        .description(
          "erase a visitor with everything they did, for good, and print a receipt",
        ),
    ).option("--confirm <id>", "the same id again, instead of typing it"),
    "forget user123",
    "forget user123 --confirm user123 --json",
  ).action(async (id: string, _options, command: Command) => {
    const { forget } = await import("../sessions/forget.js");
    await forget(context, id, command.optsWithGlobals<ForgetOptions>());
  });
}

function addList(program: Command, context: CliContext): void {
  withExamples(
    program
      .command("list")
      .description("list sessions, newest first")
      .addOption(new Option("--state <state>", "only these").choices(STATES))
      .option("--active-within <time>", "last active since: 15m, 2h or a time")
      .option("--inactive-since <time>", "last active before: 7d or a time")
      .option("--created-after <time>", "created since: 7d or a time")
      .option("--created-before <time>", "created before: 7d or a time")
      .option("--user <id>", "only sessions linked to this user")
      .addOption(
        new Option(
          "--sort <by>",
          "by creation, or by last activity (default where that is asked for)",
        ).choices(["created", "active"]),
      )
      .addOption(
        new Option("--order <order>", "newest or oldest first")
          .choices(["desc", "asc"])
          .default("desc"),
      )
      .option("--limit <n>", "how many at most", wholeNumber(1), 50)
      .option("--cursor <cursor>", "go on after an earlier page")
      .addOption(jsonLines("one JSON object a session, a line each")),
    "list --state active --limit 20",
    "list --inactive-since 30d --order asc --jsonl",
  ).action(async (_options, command: Command) => {
    const { list } = await import("../sessions/list.js");
    await list(context, command.optsWithGlobals<ListOptions>());
  });
}

function addShow(program: Command, context: CliContext): void {
  withExamples(
    withId(
      program
        .command("show")
        .description("show a session and what the visitor did"),
    )
      .option(
        "--limit <n>",
        "how many actions at most",
        wholeNumber(1, 1_000),
        50,
      )
      .option("--cursor <cursor>", "go on after an earlier page")
      .addOption(jsonLines("one JSON object an action, a line each")),
    "show 6f1c2a9e-3b7d-4c58-9e21-0d4f5a6b7c8d",
    "show user123 --limit 200 --json",
  ).action(async (id: string, _options, command: Command) => {
    const { show } = await import("../sessions/show.js");
    await show(context, id, command.optsWithGlobals<ShowOptions>());
  });
}

/** A sessionId is shown to others, who may take it for their anonymousId: then the kind has to be said. */
function withId(command: Command): Command {
  return command
    .argument("<id>", "sessionId or anonymousId")
    .addOption(
      new Option("--session-id", "ID is a sessionId").conflicts("anonymousId"),
    )
    .option("--anonymous-id", "ID is an anonymousId");
}

export function jsonLines(description: string): Option {
  return new Option("--jsonl", description);
}
