import { examples } from "../commandLine/examples.js";
import { given } from "../commandLine/given.js";
import type { Parent } from "../commandLine/bareProgram.js";
import { withTraits } from "../commandLine/traits.js";
import type { CliContext } from "../context.js";

export function addDoctor(program: Parent, context: CliContext): void {
  withTraits(program.command("doctor"), {
    writes: true,
    deletes: false,
    json: ["DoctorJson"],
  })
    .description(
      "check the deployment from the network to the counters, and say how to mend what is wrong",
    )
    .option("--deep", "count all sessions, and compare with the counters")
    .option("--fix", "mend what can be mended safely")
    .addHelpText(...examples("doctor", "doctor --deep --fix"))
    .action(async (_options, command) => {
      const { doctor } = await import("../doctor/doctor.js");
      await doctor(context, given(command));
    });
}
