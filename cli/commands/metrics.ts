import { examples } from "../commandLine/examples.js";
import { given } from "../commandLine/given.js";
import type { Parent } from "../commandLine/bareProgram.js";
import { withTraits } from "../commandLine/traits.js";
import type { CliContext } from "../context.js";

export function addMetrics(program: Parent, context: CliContext): void {
  withTraits(program.command("metrics"), {
    writes: false,
    deletes: false,
    json: ["MetricsJson"],
  })
    .description("print metrics in the format of OpenMetrics, for scrapers")
    .addHelpText(...examples("metrics", "metrics --json"))
    .action(async (_options, command) => {
      const { metrics } = await import("../metrics/metrics.js");
      await metrics(context, given(command));
    });
}
