import type { JSONValue } from "convex/values";
import type { JobCall, JobRunner } from "../scheduler/runner.js";
import type { Ended, RequestContext } from "./execution/execution.js";
import { LogLines } from "./execution/logLines.js";
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
      const { failure, skipped, durable, logs } = await run(
        runtime,
        call,
        (entry) =>
          runtime.runMutationEntry(entry, call.args, {
            ...contextOf(call),
            hooks,
          }),
      );
      if (skipped) return { kind: "skipped" };
      if (failure) return failed(failure, logs);
      return { kind: "success", durable: durable ?? Promise.resolve() };
    },
    async runAction(call) {
      const { failure, json, logs } = await run(runtime, call, (entry) =>
        runtime.runEntry(entry, call.args, contextOf(call)),
      );
      if (failure) return failed(failure, logs);
      const value = JSON.parse(json) as JSONValue;
      return { kind: "success", output: { value, logLines: logs.lines } };
    },
  };
}

async function run(
  runtime: Runtime,
  { componentPath, path }: JobCall,
  start: (entry: FunctionEntry) => Promise<Ended>,
): Promise<Ended> {
  const entry = runtime.deployment.find(componentPath, path);
  return entry === undefined
    ? {
        json: "",
        logs: new LogLines(),
        failure: new FunctionFailure(missingFunction(path, componentPath)),
      }
    : start(entry);
}

function failed({ message }: FunctionFailure, { lines: logLines }: LogLines) {
  return { kind: "failed", error: message, logLines } as const;
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
