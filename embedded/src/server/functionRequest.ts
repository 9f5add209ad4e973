import type { JSONValue } from "convex/values";
import type { UdfOutcome, UdfRequest } from "../functions/types.js";
import { describeJson, isJsonObject } from "./http/body.js";
import type { Caller } from "./auth/auth.js";
import { HttpError, badRequest, rawJsonResponse } from "./http/http.js";
import type { ApiRequest, ApiResponse } from "./http/http.js";
import { isModulePath } from "./modulePath.js";
import { plainJson } from "./plainJson.js";
import { checkConvexJson } from "./values.js";

/**
 * How the values of a call are written: exactly, as plain JSON for people, or as JSON that loses
 * nothing to a reader who tells `1` from `1.0`.
 */
export type ValueFormat = "convex_encoded_json" | "json" | "export_json";

/** A checked function call, as its request body names it. */
export interface FunctionCall {
  path: string;
  args: JSONValue;
  /** Why the arguments that were sent are none. */
  invalidArgs?: string;
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
    ...parseArgs(body["args"]),
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
    ...(call.invalidArgs === undefined
      ? {}
      : { invalidArgs: call.invalidArgs }),
    access: caller.role === "admin" ? "admin" : "public",
    identity: caller.identity,
    authToken: caller.role === "user" ? caller.authToken : null,
    ip: request.ip,
    userAgent: request.header("user-agent") ?? null,
    ...requestIdOf(request),
  };
}

/**
 * The id that the caller gave the request, as Convex takes it over for logs and errors; ones that are long or not of
 * plain characters are not.
 */
export function requestIdOf(request: Pick<ApiRequest, "header">): {
  requestId?: string;
} {
  const requestId = request.header("convex-request-id") ?? "";
  return /^[\w-]{1,64}$/.test(requestId) ? { requestId } : {};
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
  const lines = JSON.stringify(logLines);
  if (outcome.status === "success") {
    const value =
      format === "convex_encoded_json"
        ? outcome.json
        : plainJson(outcome.value, format);
    return `{"status":"success","value":${value},"logLines":${lines}}`;
  }
  const { errorMessage, errorData } = outcome;
  const data =
    errorData === undefined
      ? ""
      : `"errorData":${format === "convex_encoded_json" ? JSON.stringify(errorData) : plainJson(errorData, format)},`;
  return `{"status":"error","errorMessage":${JSON.stringify(errorMessage)},${data}"logLines":${lines}}`;
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

function parseArgs(args: unknown): Pick<FunctionCall, "args" | "invalidArgs"> {
  if (!Array.isArray(args) && !isJsonObject(args)) {
    throw badRequest(
      "InvalidArguments",
      args === undefined
        ? "missing field `args`: a call needs its arguments, if only {}."
        : `args must be an object, or an array holding one, not ${describeJson(args)}.`,
    );
  }
  const [object = {}, ...others] = (Array.isArray(args) ? args : [args]) as [
    unknown,
    ...unknown[],
  ];
  try {
    if (others.length > 0) {
      throw badRequest(
        "InvalidArguments",
        `Expected to receive a single object as the function's argument. Instead received ${others.length + 1} arguments`,
      );
    }
    if (!isJsonObject(object)) {
      throw badRequest(
        "InvalidArguments",
        `Expected to receive an object as the function's argument. Instead received: ${describeJson(object)}`,
      );
    }
    checkConvexJson(object, "args");
    return { args: object };
  } catch (error) {
    // As on Convex, the call is answered as one that failed, once it is known to be a call.
    if (!(error instanceof HttpError)) throw error;
    return { args: {}, invalidArgs: error.message };
  }
}

function parseFormat(format: unknown): ValueFormat {
  switch (format) {
    case "convex_encoded_json":
    case "convex_json":
      return "convex_encoded_json";
    case undefined:
    case null:
    case "json":
    case "convex_clean_json":
      return "json";
    case "export_json":
      return "export_json";
    default:
      throw badRequest(
        "BadFormat",
        `format must be "json", "export_json" or "convex_encoded_json", not ${typeof format === "string" ? `"${format.slice(0, 200)}"` : describeJson(format)}.`,
      );
  }
}
