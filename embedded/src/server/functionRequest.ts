import type { JSONValue } from "convex/values";
import type { UdfOutcome, UdfRequest } from "../functions/types.js";
import { describeJson, isJsonObject } from "./http/body.js";
import type { Caller } from "./auth/auth.js";
import { HttpError, badRequest, rawJsonResponse } from "./http/http.js";
import type { ApiRequest, ApiResponse } from "./http/http.js";
import { isModulePath } from "./modulePath.js";
import { checkConvexJson, toCleanJson } from "./values.js";

/** How the values of a call are written: exactly, or as plain JSON for people. */
export type ValueFormat = "convex_encoded_json" | "json";

/** A checked function call, as its request body names it. */
export interface FunctionCall {
  path: string;
  args: JSONValue;
  format: ValueFormat;
  componentPath: string;
}

/** Checks `{path, args, format?, componentPath?}`, the body of every call. */
export function parseFunctionCall(body: Record<string, unknown>): FunctionCall {
  const { componentPath = "" } = body;
  if (typeof componentPath !== "string" && componentPath !== null) {
    throw badRequest(
      "BadComponentPath",
      `componentPath must be a string, not ${describeJson(componentPath)}.`,
    );
  }
  return {
    path: parsePath(body["path"]),
    args: parseArgs(body["args"]),
    format: parseFormat(body["format"]),
    componentPath: componentPath ?? "",
  };
}

/** The runtime's form of a call; who may call what in a component is decided here. */
export function toUdfRequest(
  call: FunctionCall,
  caller: Caller,
  request: Pick<ApiRequest, "header" | "ip">,
): UdfRequest {
  if (call.componentPath !== "" && caller.role !== "admin") {
    throw new HttpError(
      403,
      "ComponentNotAllowed",
      `Functions of the component "${call.componentPath.slice(0, 200)}" can be called with the admin key only, and not as another identity.`,
    );
  }
  return {
    componentPath: call.componentPath,
    path: call.path,
    args: call.args,
    access: caller.role === "admin" ? "admin" : "public",
    identity: caller.identity,
    authToken: caller.role === "user" ? caller.authToken : null,
    ip: request.ip,
    userAgent: request.header("user-agent") ?? null,
  };
}

/** The 200 response to a call, whether the function succeeded or threw, as Convex does. */
export function outcomeResponse(
  outcome: UdfOutcome,
  format: ValueFormat,
): ApiResponse {
  return rawJsonResponse(outcomeText(outcome, format));
}

/**
 * The JSON text of the response to one call, of which a result's own text is a part where it may stay
 * as it is; the client tells a ConvexError by the presence of `errorData`.
 */
export function outcomeText(outcome: UdfOutcome, format: ValueFormat): string {
  const { logLines } = outcome;
  const isClean = format === "json";
  if (outcome.status === "success") {
    const value = isClean
      ? JSON.stringify(toCleanJson(outcome.value))
      : outcome.json;
    return `{"status":"success","value":${value},"logLines":${JSON.stringify(logLines)}}`;
  }
  const { errorMessage, errorData } = outcome;
  return JSON.stringify({
    status: "error",
    errorMessage,
    errorData:
      isClean && errorData !== undefined ? toCleanJson(errorData) : errorData,
    logLines,
  });
}

/** Limit for a function's path: longer than a file system allows. */
const MAX_PATH_LENGTH = 4_096;

function parsePath(path: unknown): string {
  if (
    typeof path === "string" &&
    path.length <= MAX_PATH_LENGTH &&
    isFunctionPath(path)
  ) {
    return path;
  }
  throw badRequest(
    "BadConvexFunctionIdentifier",
    typeof path === "string"
      ? `"${path.slice(0, 200)}" is not a function path; write it as module/path:function.`
      : `path must be a string, not ${describeJson(path)}.`,
  );
}

function isFunctionPath(path: string): boolean {
  const [modulePath = "", name = "default", ...rest] = path.split(":");
  return (
    isModulePath(modulePath) &&
    /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) &&
    rest.length === 0
  );
}

function parseArgs(args: unknown): JSONValue {
  const object: unknown = Array.isArray(args) ? args[0] : args;
  if (Array.isArray(args) && args.length > 1) {
    throw badRequest(
      "InvalidArguments",
      `args has ${args.length} elements; a function takes one object.`,
    );
  }
  // Absent arguments and `args: []` mean none.
  if (object === undefined) return {};
  if (!isJsonObject(object)) {
    throw badRequest(
      "InvalidArguments",
      `args must be an object, or an array holding one, not ${describeJson(object)}.`,
    );
  }
  checkConvexJson(object, "args");
  return object;
}

function parseFormat(format: unknown): ValueFormat {
  switch (format) {
    case "convex_encoded_json":
      return "convex_encoded_json";
    case undefined:
    case null:
    case "json":
      return "json";
    default:
      throw badRequest(
        "BadFormat",
        `format must be "json" or "convex_encoded_json", not ${typeof format === "string" ? `"${format.slice(0, 200)}"` : describeJson(format)}.`,
      );
  }
}
