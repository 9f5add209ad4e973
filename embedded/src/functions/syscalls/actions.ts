import type { Execution } from "../execution/execution.js";
import { callFromAction } from "../execution/nested.js";
import type { UdfType } from "../types.js";
import { addressArg } from "./address.js";
import { objectArg, type AsyncSyscalls, type SyscallArgs } from "./table.js";

/** Syscalls of actions, in which each query and mutation is a transaction of its own. */
export const actionSyscalls: AsyncSyscalls = {
  "1.0/actions/query": {
    scope: "action",
    run: (execution, args) => call(execution, "Query", args),
  },
  "1.0/actions/mutation": {
    scope: "action",
    run: (execution, args) => call(execution, "Mutation", args),
  },
  "1.0/actions/action": {
    scope: "action",
    run: (execution, args) => call(execution, "Action", args),
  },
};

function call(
  execution: Execution,
  udfType: UdfType,
  args: SyscallArgs,
): Promise<string> {
  const entry = execution.resolve(addressArg(args));
  return callFromAction(execution, udfType, entry, objectArg(args, "args"));
}
