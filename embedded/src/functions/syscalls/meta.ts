import { convexToJson } from "convex/values";
import { displayPath } from "../functionPath.js";
import type { AsyncSyscalls, SyncSyscalls } from "./table.js";

/** `ctx.meta.getSnapshotTs`. */
export const metaSyncSyscalls: SyncSyscalls = {
  "1.0/getSnapshotTs": {
    scope: "transaction",
    run: (execution) => JSON.stringify(convexToJson(execution.tx.ts)),
  },
};

/** `ctx.meta` and `ctx.auth`. */
export const metaSyscalls: AsyncSyscalls = {
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
        name: displayPath(fn.path),
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
        authToken: null,
      }),
  },
};
