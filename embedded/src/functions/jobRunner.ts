import type { JobCall, JobRunner } from "../scheduler/runner.js";
import type { Ended, RequestContext } from "./execution/execution.js";
import { FunctionFailure } from "./failure.js";
import { missingFunction, type FunctionEntry } from "./functionEntry.js";
import { newRequestId } from "./requests.js";
import type { Runtime } from "./runtime.js";

/** Lets the scheduler run functions of a runtime's current code. */
export function jobRunner(runtime: Runtime): JobRunner {
  const contextOf = (call: JobCall) => ({
    deployment: runtime.deployment,
    request: requestOf(call),
  });
  return {
    typeOf(componentPath, path) {
      return runtime.deployment.find(componentPath, path)?.udfType;
    },
    async runMutation(call, hooks) {
      const { failure, skipped, durable } = await run(runtime, call, (entry) =>
        runtime.runMutationEntry(entry, call.args, {
          ...contextOf(call),
          hooks,
        }),
      );
      if (skipped) return { kind: "skipped" };
      if (failure) return { kind: "failed", error: failure.message };
      return { kind: "success", durable: durable ?? Promise.resolve() };
    },
    async runAction(call) {
      const { failure } = await run(runtime, call, (entry) =>
        runtime.runEntry(entry, call.args, contextOf(call)),
      );
      return failure === undefined
        ? { kind: "success" }
        : { kind: "failed", error: failure.message };
    },
  };
}

async function run(
  runtime: Runtime,
  { componentPath, path }: JobCall,
  start: (entry: FunctionEntry) => Promise<Ended>,
): Promise<Pick<Ended, "failure" | "skipped" | "durable">> {
  const entry = runtime.deployment.find(componentPath, path);
  return entry === undefined
    ? {
        failure: new FunctionFailure(missingFunction(path, componentPath)),
      }
    : start(entry);
}

function requestOf({ source, job }: JobCall): RequestContext {
  return {
    requestId: newRequestId(),
    source,
    identity: null,
    job,
    ip: null,
    userAgent: null,
  };
}
