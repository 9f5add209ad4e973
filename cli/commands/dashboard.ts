import { examples } from "../commandLine/examples.js";
import { given } from "../commandLine/given.js";
import type { Parent } from "../commandLine/bareProgram.js";
import { wholeNumber } from "../commandLine/values.js";
import { withTraits } from "../commandLine/traits.js";
import type { CliContext } from "../context.js";

export function addDashboard(program: Parent, context: CliContext): void {
  withTraits(program.command("dashboard"), {
    writes: false,
    deletes: false,
    json: ["DashboardJson"],
  })
    .description(
      "show status, charts, runs and the settings log in a browser, live; it changes nothing",
    )
    .option(
      "--port <port>",
      "port on this machine (default: a free one)",
      wholeNumber(0, 65_535),
    )
    .option("--open", "open a browser (default on a desktop's terminal)")
    .option("--no-open", "only print the link")
    .addHelpText(...examples("dashboard", "dashboard --port 4300 --no-open"))
    .action(async (_options, command) => {
      const { dashboard } = await import("../dashboard/dashboard.js");
      await dashboard(context, given(command));
    });
}
