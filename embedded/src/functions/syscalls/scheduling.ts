import type { Transaction } from "../../database/transactions/transaction.js";
import { cancelJob, scheduleJob } from "../../scheduler/jobs.js";
import type { Execution } from "../execution/execution.js";
import { FunctionFailure } from "../failure.js";
import { addressArg } from "./address.js";
import {
  numberArg,
  objectArg,
  stringArg,
  type AsyncSyscalls,
  type SyscallArgs,
} from "./table.js";

/** `ctx.scheduler`: part of the transaction in mutations, a transaction of its own in actions. */
export const schedulingSyscalls: AsyncSyscalls = {
  "1.0/schedule": {
    scope: "mutation",
    run: (execution, args) => schedule(execution, execution.tx, args),
  },
  "1.0/cancel_job": {
    scope: "mutation",
    run: (execution, args) => cancel(execution, execution.tx, args),
  },
  "1.0/actions/schedule": {
    scope: "action",
    run: (execution, args) =>
      inOwnTransaction(execution, (tx) => schedule(execution, tx, args)),
  },
  "1.0/actions/cancel_job": {
    scope: "action",
    run: (execution, args) =>
      inOwnTransaction(execution, (tx) => cancel(execution, tx, args)),
  },
};

function schedule(
  execution: Execution,
  tx: Transaction,
  args: SyscallArgs,
): string {
  const target = execution.resolve(addressArg(args));
  if (target.udfType === "Query") {
    throw new FunctionFailure(
      `Unsupported schedule of ${target.path}: only mutations and actions can be scheduled, it is a query.`,
    );
  }
  const id = scheduleJob(tx, {
    componentPath: execution.fn.componentPath,
    target: {
      componentPath: target.componentPath,
      path: target.path,
      udfType: target.udfType,
    },
    args: objectArg(args, "args"),
    scheduledTimeMs: numberArg(args, "ts") * 1_000,
    nowMs: execution.now(),
    scheduledBy: execution.request.job,
  });
  return JSON.stringify(id);
}

function cancel(
  execution: Execution,
  tx: Transaction,
  args: SyscallArgs,
): string {
  cancelJob(
    tx,
    execution.fn.componentPath,
    stringArg(args, "id"),
    execution.now(),
  );
  return "{}";
}

async function inOwnTransaction(
  execution: Execution,
  run: (tx: Transaction) => string,
): Promise<string> {
  const { value, durable } = await execution.runtime.database.write(run);
  await durable;
  return value;
}
