import { Argument, type Command } from "commander";
import type { DashboardOptions } from "../dashboard/dashboard.js";
import type { DoctorOptions } from "../doctor/doctor.js";
import type { CliContext } from "../context.js";
import { wholeNumber, withExamples } from "./arguments.js";

const SHELLS = ["bash", "zsh", "fish"] as const;

export function addUpkeepCommands(program: Command, context: CliContext): void {
  withExamples(
    program
      .command("doctor")
      .description(
        "check the deployment from the network to the counters, and say how to mend what is wrong",
      )
      .option("--deep", "count all sessions, and compare with the counters")
      .option("--fix", "mend what can be mended safely"),
    "doctor",
    "doctor --deep --fix",
  ).action(async (_options, command: Command) => {
    const { doctor } = await import("../doctor/doctor.js");
    await doctor(context, command.optsWithGlobals<DoctorOptions>());
  });

  withExamples(
    program
      .command("dashboard")
      .description(
        "show status, charts, runs and the settings log in a browser, live; it changes nothing",
      )
      .option(
        "--port <port>",
        "port on this machine (default: a free one)",
        wholeNumber(0, 65_535),
      )
      .option("--open", "open a browser (default on a desktop's terminal)")
      .option("--no-open", "only print the link"),
    "dashboard",
    "dashboard --port 4300 --no-open",
  ).action(async (_options, command: Command) => {
    const { dashboard } = await import("../dashboard/dashboard.js");
    await dashboard(context, command.optsWithGlobals<DashboardOptions>());
  });

  withExamples(
    program
      .command("completion")
      .description("print a script that completes commands and options")
      .addArgument(
        new Argument("<shell>", "the shell it is for").choices(SHELLS),
      ),
    "completion bash",
    "completion fish",
  ).action(async (shell: (typeof SHELLS)[number]) => {
    const { completion } = await import("../completion/completion.js");
    completion(context, program, shell);
  });
}
