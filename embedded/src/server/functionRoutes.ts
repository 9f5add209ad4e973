import { FunctionFailure } from "../functions/failure.js";
import type { Runtime } from "../functions/runtime.js";
import type { UdfOutcome, UdfType } from "../functions/types.js";
import { actorOf } from "./auditLog.js";
import { authenticate, type AuthServices, type Caller } from "./auth/auth.js";
import { describeJson, isJsonObject, readJsonObject } from "./http/body.js";
import {
  outcomeResponse,
  outcomeText,
  parseFunctionCall,
  toUdfRequest,
  type FunctionCall,
} from "./functionRequest.js";
import {
  badRequest,
  jsonResponse,
  rawJsonResponse,
  type ApiRequest,
  type ApiResponse,
  type HttpError,
  type Routes,
} from "./http/http.js";
import { CALL_BOUNDS, parseJson } from "./http/json.js";
import { isSystemPath } from "./systemFunctions/systemFunctions.js";
import {
  failedOutcome,
  isSystemMutation,
  runSystemMutation,
  type SystemMutationServices,
} from "./systemFunctions/systemMutations.js";
import { answerSystemQuery } from "./systemFunctions/systemQueries.js";
import { decodeTs, encodeTs, type SnapshotPins } from "./snapshotPins.js";

/** Parts of the deployment that the function routes use. */
export interface FunctionServices extends AuthServices, SystemMutationServices {
  readonly runtime: Runtime;
  readonly pins: SnapshotPins;
}

/** Limit for the queries of one batch, which share a snapshot. */
const MAX_BATCH = 1_000;
/** Limit for the results of one batch, all of which are in memory at once. */
const MAX_BATCH_CHARACTERS = 128 * 1024 * 1024;

/** Routes for the calls of apps and operators: `/api/query`, `/api/mutation` and the like. */
export function functionRoutes(services: FunctionServices): Routes {
  const run = (udfType: UdfType) => (request: ApiRequest) =>
    runFunction(services, request, udfType);
  return {
    "/api/query": { POST: run("Query"), GET: (r) => runGetQuery(services, r) },
    "/api/mutation": { POST: run("Mutation") },
    "/api/action": { POST: run("Action") },
    "/api/query_ts": { POST: () => queryTs(services) },
    "/api/query_at_ts": { POST: (r) => queryAtTs(services, r) },
    "/api/query_batch": { POST: (r) => queryBatch(services, r) },
  };
}

/** Route for the calls of operators, which name no kind and reach into components. */
export function operatorFunctionRoutes(services: FunctionServices): Routes {
  return { "/api/function": { POST: (r) => runAnyFunction(services, r) } };
}

/** `/api/run/{module}/{function}`: a call for curl, of any kind. */
export async function runByPath(
  services: FunctionServices,
  request: ApiRequest,
  path: string,
): Promise<ApiResponse> {
  const caller = await authenticate(request, services);
  const slash = path.lastIndexOf("/");
  if (slash === -1) {
    throw badRequest(
      "BadConvexFunctionIdentifier",
      "The path must be /api/run/{module}/{function}.",
    );
  }
  const body = await readJsonObject(request);
  const call = parseFunctionCall({
    ...body,
    path: `${path.slice(0, slash)}:${path.slice(slash + 1)}`,
  });
  const outcome = await services.runtime.run(
    toUdfRequest(call, caller, request),
  );
  return outcomeResponse(outcome, call.format);
}

async function runFunction(
  services: FunctionServices,
  request: ApiRequest,
  udfType: UdfType,
): Promise<ApiResponse> {
  const caller = await authenticate(request, services);
  const call = parseFunctionCall(await readJsonObject(request));
  if (isSystemPath(call.path) && udfType !== "Action") {
    return runSystemFunction(services, call, caller, request, udfType);
  }
  const outcome = await services.runtime.run(
    toUdfRequest(call, caller, request),
    udfType,
  );
  return outcomeResponse(outcome, call.format);
}

/** Runs a function of the deployment's own. */
async function runSystemFunction(
  services: FunctionServices,
  call: FunctionCall,
  caller: Caller,
  request: ApiRequest,
  udfType: "Query" | "Mutation",
): Promise<ApiResponse> {
  if (call.invalidArgs !== undefined) {
    const why = `Invalid arguments for ${call.path}: ${call.invalidArgs}`;
    const outcome = failedOutcome(new FunctionFailure(why));
    return outcomeResponse(outcome, call.format);
  }
  const outcome =
    udfType === "Query"
      ? await runSystemQuery(services, call, caller)
      : await runSystemMutation(services, call, caller, actorOf(request));
  return outcomeResponse(outcome, call.format);
}

async function runSystemQuery(
  services: FunctionServices,
  call: FunctionCall,
  caller: Caller,
): Promise<UdfOutcome> {
  const { database } = services;
  const snapshot = database.read();
  try {
    const { value } = answerSystemQuery(services, call, caller, snapshot);
    await database.whenDurable(snapshot.ts);
    const json = JSON.stringify(value);
    return { status: "success", json, value, logLines: [] };
  } catch (error) {
    return failedOutcome(error);
  } finally {
    snapshot.release();
  }
}

async function runAnyFunction(
  services: FunctionServices,
  request: ApiRequest,
): Promise<ApiResponse> {
  const caller = await authenticate(request, services);
  const call = parseFunctionCall(await readJsonObject(request));
  if (isSystemPath(call.path)) {
    const udfType = isSystemMutation(call.path) ? "Mutation" : "Query";
    return runSystemFunction(services, call, caller, request, udfType);
  }
  const outcome = await services.runtime.run(
    toUdfRequest(call, caller, request),
  );
  return outcomeResponse(outcome, call.format);
}

async function runGetQuery(
  services: FunctionServices,
  request: ApiRequest,
): Promise<ApiResponse> {
  const caller = await authenticate(request, services);
  const query = new URLSearchParams(request.query);
  const call = parseFunctionCall({
    path: query.get("path") ?? undefined,
    args: parseQueryArgs(query.get("args")),
    format: query.get("format"),
  });
  const outcome = await services.runtime.run(
    toUdfRequest(call, caller, request),
    "Query",
  );
  return outcomeResponse(outcome, call.format);
}

function parseQueryArgs(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return parseJson(text, CALL_BOUNDS);
  } catch {
    throw badRequest("InvalidArguments", "args in the URL is not JSON.");
  }
}

async function queryTs({ pins }: FunctionServices): Promise<ApiResponse> {
  return jsonResponse({ ts: encodeTs(await pins.pin()) });
}

async function queryAtTs(
  services: FunctionServices,
  request: ApiRequest,
): Promise<ApiResponse> {
  const { runtime, pins } = services;
  const caller = await authenticate(request, services);
  const body = await readJsonObject(request);
  const call = parseFunctionCall(body);
  const pinned = pins.use(decodeTs(body["ts"]));
  try {
    const outcome = await runtime.runQueryAt(
      toUdfRequest(call, caller, request),
      pinned.snapshot,
    );
    return outcomeResponse(outcome, call.format);
  } finally {
    pinned.release();
  }
}

async function queryBatch(
  services: FunctionServices,
  request: ApiRequest,
): Promise<ApiResponse> {
  const { runtime } = services;
  const caller = await authenticate(request, services);
  const { queries } = await readJsonObject(request);
  if (!Array.isArray(queries) || queries.length > MAX_BATCH) {
    throw badRequest(
      "BadJsonBody",
      `queries must be an array of at most ${MAX_BATCH} calls, not ${Array.isArray(queries) ? queries.length : describeJson(queries)}.`,
    );
  }
  const calls = queries.map((query: unknown) =>
    parseFunctionCall(isJsonObject(query) ? query : {}),
  );
  const snapshot = runtime.snapshot();
  try {
    const results: string[] = [];
    let characters = 0;
    for (const call of calls) {
      const udfRequest = toUdfRequest(call, caller, request);
      const outcome = await runtime.runQueryAt(udfRequest, snapshot);
      const result = outcomeText(outcome, call.format);
      characters += result.length;
      if (characters > MAX_BATCH_CHARACTERS) throw batchTooLarge();
      results.push(result);
    }
    return rawJsonResponse(`{"results":[${results.join()}]}`);
  } finally {
    snapshot.data.release();
  }
}

function batchTooLarge(): HttpError {
  return badRequest(
    "BatchTooLarge",
    `The results have more than ${MAX_BATCH_CHARACTERS} characters together; ask for fewer at a time.`,
  );
}
