import { examples } from "../commandLine/examples.js";
import { byDefault } from "../commandLine/groups.js";
import type { Parent } from "../commandLine/bareProgram.js";
import type { CliContext } from "../context.js";
import { addHooksList } from "./hooks/list.js";
import { addHooksRetry } from "./hooks/retry.js";
import { addHooksClear } from "./hooks/clear.js";
import { addHooksSettle } from "./hooks/settle.js";

export function addHooks(program: Parent, context: CliContext): void {
  const hooks = program
    .command("hooks")
    .description("the app's hooks: whether they answer, and what they owe")
    .addHelpText(...examples("hooks list", "hooks retry"));
  byDefault(hooks, "list");
  addHooksList(hooks, context);
  addHooksRetry(hooks, context);
  addHooksClear(hooks, context);
  addHooksSettle(hooks, context);
}
