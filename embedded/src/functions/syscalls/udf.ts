import type { TransactionLimits } from "../../database/metrics.js";
import { FunctionFailure } from "../failure.js";
import { functionHandle } from "../functionPath.js";
import { callNested, type NestedKind } from "../execution/nested.js";
import { addressArg } from "./address.js";
import {
  isAbsent,
  numberArg,
  objectArg,
  type AsyncSyscalls,
  type SyscallArgs,
} from "./table.js";

/** Syscalls that call other functions in the same transaction, or make handles. */
export const udfSyscalls: AsyncSyscalls = {
  "1.0/runUdf": {
    scope: "transaction",
    run(execution, args) {
      return callNested(execution, {
        kind: nestedKind(args["udfType"]),
        entry: execution.resolve(addressArg(args)),
        args: objectArg(args, "args"),
        limits: limitsArg(args),
      });
    },
  },
  "1.0/createFunctionHandle": {
    scope: "any",
    run(execution, args) {
      const entry = execution.resolve(addressArg(args));
      return JSON.stringify(functionHandle(entry.componentPath, entry.path));
    },
  },
};

function nestedKind(udfType: unknown): NestedKind {
  if (
    udfType === "query" ||
    udfType === "mutation" ||
    udfType === "snapshotQuery"
  ) {
    return udfType;
  }
  throw new FunctionFailure(
    `Invalid function type for a nested call: ${JSON.stringify(udfType)}`,
  );
}

function limitsArg(args: SyscallArgs): Partial<TransactionLimits> {
  if (isAbsent(args["transactionLimits"])) {
    return {};
  }
  const limits = objectArg(args, "transactionLimits");
  return Object.fromEntries(
    Object.keys(limits).map((name) => [name, numberArg(limits, name)]),
  );
}
