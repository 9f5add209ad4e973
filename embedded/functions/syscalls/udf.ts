import type { TransactionLimits } from "../../database/metrics.js";
import { FunctionFailure } from "../failure.js";
import { functionHandle } from "../functionPath.js";
import { callNested, type NestedKind } from "../nested.js";
import { addressArg } from "./address.js";
import { objectArg, type AsyncSyscalls } from "./table.js";

/** Calling other functions in the same transaction, and handles to pass on. */
export const udfSyscalls: AsyncSyscalls = {
  "1.0/runUdf": {
    scope: "transaction",
    run(execution, args) {
      const limits = args["transactionLimits"];
      return callNested(execution, {
        kind: nestedKind(args["udfType"]),
        entry: execution.deployment.resolve(
          execution.fn.componentPath,
          addressArg(args),
        ),
        args: objectArg(args, "args"),
        limits:
          limits == null
            ? {}
            : (objectArg(
                args,
                "transactionLimits",
              ) as Partial<TransactionLimits>),
      });
    },
  },
  "1.0/createFunctionHandle": {
    scope: "any",
    run(execution, args) {
      const entry = execution.deployment.resolve(
        execution.fn.componentPath,
        addressArg(args),
      );
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
