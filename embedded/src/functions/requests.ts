import type { JSONValue } from "convex/values";
import { randomText } from "../randomPool.js";
import type { Deployment } from "./deployment.js";
import type { Ended } from "./execution/execution.js";
import { FunctionFailure } from "./failure.js";
import {
  missingAnyFunction,
  missingFunction,
  type FunctionEntry,
} from "./functionEntry.js";
import type { UdfOutcome, UdfRequest } from "./types.js";

/** The function a request names; refuses a request that may not call it. */
export function findRequested(
  deployment: Deployment,
  request: UdfRequest,
): FunctionEntry {
  const entry = deployment.find(request.componentPath, request.path);
  const publicOnly = request.access === "public";
  if (
    entry === undefined ||
    (publicOnly && !(entry.isPublic && entry.componentPath === ""))
  ) {
    throw new FunctionFailure(
      (publicOnly ? missingFunction : missingAnyFunction)(
        request.path,
        request.componentPath,
      ),
    );
  }
  return entry;
}

/** The arguments object. Arguments come as an object or as an array that holds one. */
export function argsObject(args: JSONValue): JSONValue {
  const value = Array.isArray(args) && args.length === 1 ? args[0] : args;
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new FunctionFailure(
      `ArgumentValidationError: The arguments of a function must be one object, got ${JSON.stringify(args)}`,
    );
  }
  return value;
}

/** The outcome that the caller of a function gets. */
export function toOutcome(ended: Ended, requestId: string): UdfOutcome {
  const { ts, readSet, journal } = ended;
  const logLines = ended.logs.lines;
  const read = {
    ...(ts === undefined ? {} : { ts }),
    ...(readSet === undefined ? {} : { readSet }),
  };
  if (ended.failure !== undefined) {
    const { message, data } = ended.failure;
    const errorMessage = `[Request ID: ${requestId}] Server Error\n${message}`;
    return {
      status: "error",
      errorMessage,
      logLines,
      ...(data === undefined ? {} : { errorData: data }),
      ...read,
    };
  }
  const json = ended.skipped ? "null" : ended.json;
  return {
    status: "success",
    json,
    get value() {
      return JSON.parse(json) as JSONValue;
    },
    logLines,
    ...read,
    ...(typeof journal === "string" ? { journal } : {}),
  };
}

/** An id of sixteen hex digits. */
export function newRequestId(): string {
  return randomText(8, "hex");
}
