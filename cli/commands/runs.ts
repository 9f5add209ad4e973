import { examples } from "../commandLine/examples.js";
import { byDefault } from "../commandLine/groups.js";
import type { Parent } from "../commandLine/bareProgram.js";
import type { CliContext } from "../context.js";
import { addRunsList } from "./runs/list.js";
import { addRunsShow } from "./runs/show.js";
import { addRunsWatch } from "./runs/watch.js";
import { addRunsCancel } from "./runs/cancel.js";
import { addRunsResume } from "./runs/resume.js";

export function addRuns(program: Parent, context: CliContext): void {
  const runs = program
    .command("runs")
    .description("look at runs and control them")
    .addHelpText(
      ...examples("runs list", "runs cancel RUN_ID --reason 'wrong cutoff'"),
    );
  byDefault(runs, "list");
  addRunsList(runs, context);
  addRunsShow(runs, context);
  addRunsWatch(runs, context);
  addRunsCancel(runs, context);
  addRunsResume(runs, context);
}
