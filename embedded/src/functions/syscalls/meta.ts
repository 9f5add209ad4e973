import { convexToJson } from "convex/values";
import { FunctionFailure } from "../failure.js";
import type { FunctionEntry } from "../functionEntry.js";
import { displayPath } from "../functionPath.js";
import { objectArg, type AsyncSyscalls, type SyncSyscalls } from "./table.js";

/** `ctx.meta.getSnapshotTs`. */
export const metaSyncSyscalls: SyncSyscalls = {
  "1.0/getSnapshotTs": {
    scope: "transaction",
    run: (execution) => JSON.stringify(convexToJson(execution.tx.ts)),
  },
};

/** `mod/path:fn`; of a default export, and of any HTTP action, the module alone. */
function functionName({ path, modulePath, name }: FunctionEntry): string {
  const isOfModule = path !== `${modulePath}:${name}` || name === "default";
  return isOfModule ? modulePath.replace(/\.js$/, "") : displayPath(path);
}

/** `ctx.meta`, `ctx.auth` and `log`. */
export const metaSyscalls: AsyncSyscalls = {
  "1.0/auditLog": {
    scope: "any",
    // There is no log stream to which audit logs could go.
    run: (execution, args) => {
      objectArg(args, "body");
      if (execution.transaction !== null) return "null";
      throw new FunctionFailure(
        "Audit logging is not yet supported in actions",
      );
    },
  },
  "1.0/getUserIdentity": {
    scope: "any",
    run: ({ request }) => {
      if (request.asked !== undefined) request.asked.identity = true;
      return JSON.stringify(request.identity);
    },
  },
  "1.0/getTransactionMetrics": {
    scope: "transaction",
    run: (execution) => JSON.stringify(execution.tx.metrics.report()),
  },
  "1.0/getFunctionMetadata": {
    scope: "any",
    run: ({ fn }) =>
      JSON.stringify({
        name: functionName(fn),
        componentPath: fn.componentPath,
      }),
  },
  "1.0/getDeploymentMetadata": {
    scope: "any",
    run: ({ runtime }) =>
      JSON.stringify({
        name: runtime.deploymentName,
        region: null,
        class: "s16",
      }),
  },
  "1.0/getRequestMetadata": {
    scope: "notQuery",
    run: ({ request }) =>
      JSON.stringify({
        ip: request.ip,
        userAgent: request.userAgent,
        requestId: request.requestId,
        scheduledFunctionId: request.job?.id ?? null,
        authToken: request.authToken ?? null,
      }),
  },
};
