import type { Transaction } from "../../database/transactions/transaction.js";
import { cancelJob, scheduleJob } from "../../scheduler/jobs.js";
import type { Execution } from "../execution/execution.js";
import { inComponent } from "../functionEntry.js";
import { canonicalPath } from "../functionPath.js";
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
  const target = execution.resolve(addressArg(args), (path, componentPath) =>
    missingTarget(execution, canonicalPath(path), componentPath),
  );
  const id = scheduleJob(tx, {
    componentPath: execution.fn.componentPath,
    target: {
      componentPath: target.componentPath,
      path: target.path,
      udfType: target.udfType === "Action" ? "Action" : "Mutation",
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
  const id = stringArg(args, "id");
  // In the mutation of a job, and in those that the job's action calls.
  if (execution.transaction !== null && execution.request.job?.id === id) {
    execution.logs.write(
      "WARN",
      "A scheduled mutation canceling itself is deprecated and will throw an error in a future version of Convex.",
    );
    return "{}";
  }
  cancelJob(tx, execution.fn.componentPath, id, execution.now());
  return "{}";
}

/** Convex's words for a function that cannot be scheduled as there is none. */
function missingTarget(
  { deployment }: Execution,
  canonical: string,
  componentPath: string,
): string {
  const [modulePath = "", name = ""] = canonical.split(":");
  if (deployment.module(componentPath, modulePath) === undefined) {
    const where = componentPath === "" ? "" : `${componentPath} `;
    return `Attempted to schedule function at nonexistent path: ${where}${modulePath}`;
  }
  return `Attempted to schedule function, but no exported function ${name} found in the file: ${modulePath}${inComponent(componentPath)}. Did you forget to export it?`;
}

async function inOwnTransaction(
  execution: Execution,
  run: (tx: Transaction) => string,
): Promise<string> {
  const { value, durable } = await execution.runtime.database.write(run);
  await durable;
  return value;
}
