import { examples } from "../commandLine/examples.js";
import { given } from "../commandLine/given.js";
import { max, rate, reason } from "../commandLine/options.js";
import { inWindow } from "../commandLine/scheduleTerms.js";
import type { Parent } from "../commandLine/bareProgram.js";
import { withTraits } from "../commandLine/traits.js";
import type { CliContext } from "../context.js";

export function addExpire(program: Parent, context: CliContext): void {
  withTraits(program.command("expire"), {
    writes: true,
    deletes: false,
    json: ["RunResultJson"],
  })
    .description(
      "expire the sessions that are idle, without waiting for the schedule",
    )
    .addOption(max("expire"))
    .addOption(rate())
    .addOption(inWindow())
    .option("--detach", "return as soon as the run has started")
    .addOption(reason("recorded with the run"))
    .addHelpText(...examples("expire", "expire --json"))
    .action(async (_options, command) => {
      const { expire } = await import("../runs/expire.js");
      await expire(context, given(command));
    });
}
