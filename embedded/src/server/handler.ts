import { EmbeddedError } from "../errors.js";
import {
  adminRoutes,
  publicRoutes,
  type AdminServices,
} from "./adminRoutes.js";
import { requireAdmin } from "./auth/auth.js";
import {
  functionRoutes,
  operatorFunctionRoutes,
  runByPath,
} from "./functionRoutes.js";
import type { FunctionServices } from "./functionRoutes.js";
import { httpActionHandler, type HttpActionServices } from "./httpActions.js";
import {
  HttpError,
  errorResponse,
  requireMethod,
  type ApiHandler,
  type ApiRequest,
  type ApiResponse,
  type Method,
  type Routes,
} from "./http/http.js";
import { dashboardRoutes, type DashboardServices } from "./dashboard/routes.js";
import { runTestQuery, type TestQueryServices } from "./dashboard/testQuery.js";
import type { Log } from "./log.js";
import {
  EXPORT_FILES,
  exportFileHandler,
  snapshotRoutes,
  type SnapshotServices,
} from "./snapshots/routes.js";
import {
  STORAGE_PREFIX,
  storageHandler,
  type StorageServices,
} from "./storage/storageHandler.js";
import { pushRoutes, type PushServices } from "./push/routes.js";

/** Parts of the deployment that the HTTP API uses. */
export type ApiServices = FunctionServices &
  PushServices &
  AdminServices &
  SnapshotServices &
  StorageServices &
  DashboardServices &
  TestQueryServices &
  HttpActionServices & { readonly log: Log };

const RUN_PREFIX = "/api/run/";
const TEST_QUERY = "/api/run_test_function";
const HTTP_ACTION_PREFIX = "/http";
const IS_UNDER_HTTP = /^\/http(\/|$)/;

/** Request handlers of a deployment's two ports. */
export interface Handlers {
  /** Handler of the API, with the HTTP actions under `/http`. */
  readonly cloud: ApiHandler;
  /** Handler of the HTTP actions alone. */
  readonly site: ApiHandler;
}

/** The request handlers of a deployment. They never reject: every failure is a response. */
export function createHandlers(services: ApiServices): Handlers {
  const api = createApi(services);
  const runAction = httpActionHandler(services);
  const cloud: ApiHandler = (request) =>
    IS_UNDER_HTTP.test(request.path)
      ? runAction(request, request.path.slice(HTTP_ACTION_PREFIX.length) || "/")
      : api(request);
  const site: ApiHandler = (request) => runAction(request, request.path);
  return {
    cloud: neverRejecting(cloud, services.log),
    site: neverRejecting(site, services.log),
  };
}

function createApi(services: ApiServices): ApiHandler {
  const open = routing({
    ...functionRoutes(services),
    ...publicRoutes(services),
  });
  const operator = routing({
    [TEST_QUERY]: { POST: (request) => runTestQuery(services, request) },
    ...operatorFunctionRoutes(services),
    ...pushRoutes(services),
    ...adminRoutes(services),
    ...snapshotRoutes(services),
    ...dashboardRoutes(services),
  });
  const sendExport = exportFileHandler(services);
  const storage = storageHandler(services);

  /**
   * Routes for whoever sends the admin key; without it, nothing else of the request is looked at.
   */
  const forOperators: ApiHandler = async (request) => {
    if (!mayHaveKeyInBody(request)) requireAdmin(request, services.adminKey);
    return request.path.startsWith(EXPORT_FILES)
      ? sendExport(requireMethod(request, ["GET"]))
      : operator.answer(request);
  };
  /**
   * Routes for everyone. Any page may call, as on Convex; what it may do depends on the token it
   * sends.
   */
  const forAll: ApiHandler = async (request) => {
    if (request.method === "OPTIONS") return preflight(request);
    if (request.path.startsWith(STORAGE_PREFIX)) return storage(request);
    if (request.path.startsWith(RUN_PREFIX)) {
      const path = request.path.slice(RUN_PREFIX.length);
      return runByPath(services, requireMethod(request, ["POST"]), path);
    }
    return open.answer(request);
  };
  const [guarded, unguarded] = [forOperators, forAll].map((handle) =>
    neverRejecting(handle, services.log),
  ) as [ApiHandler, ApiHandler];
  return async (request) => {
    const isForOperators =
      operator.has(request.path) || request.path.startsWith(EXPORT_FILES);
    if (!isForOperators) return allowOrigin(request, await unguarded(request));
    // The dashboard is such a page; others have nothing to do here, whatever key they send.
    if (!isPageOfThisMachine(request)) return guarded(request);
    const isAsking = request.method === "OPTIONS";
    const answer = isAsking ? preflight(request) : await guarded(request);
    return allowOrigin(request, answer);
  };
}

/** Whether it may be the dashboard's function runner, which sends its key in the body alone. */
function mayHaveKeyInBody(request: ApiRequest): boolean {
  return (
    request.path === TEST_QUERY &&
    request.header("authorization") === undefined &&
    isPageOfThisMachine(request)
  );
}

function isPageOfThisMachine(request: ApiRequest): boolean {
  const origin = request.header("origin");
  return origin !== undefined && LOOPBACK_ORIGIN.test(origin);
}

const LOOPBACK_ORIGIN = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

function neverRejecting(handle: ApiHandler, log: Log): ApiHandler {
  return async (request) => {
    try {
      return await handle(request);
    } catch (error) {
      return failureResponse(error, request, log);
    }
  };
}

function routing(table: Routes) {
  const routes = new Map(Object.entries(table));
  return {
    has: (path: string) => routes.has(path),
    answer(request: ApiRequest): Promise<ApiResponse> {
      const route = routes.get(request.path);
      if (route === undefined) {
        throw new HttpError(
          404,
          "NotFound",
          `There is nothing at ${request.path}.`,
        );
      }
      requireMethod(request, Object.keys(route));
      return route[request.method as Method]!(request);
    },
  };
}

/**
 * The response to a failure. A failure that is not the caller's fault is logged and its text kept
 * from the caller.
 */
function failureResponse(
  error: unknown,
  request: ApiRequest,
  log: Log,
): ApiResponse {
  if (error instanceof HttpError) return errorResponse(error);
  if (error instanceof EmbeddedError) {
    const known = toHttpError(error);
    if (known !== undefined) return errorResponse(known);
  }
  log(
    `${request.method} ${request.path} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  return errorResponse(
    new HttpError(
      500,
      "InternalServerError",
      "The deployment failed to answer this request; its log says why.",
    ),
  );
}

function toHttpError(error: EmbeddedError): HttpError | undefined {
  const refuse = (wireCode: string) =>
    new HttpError(400, wireCode, error.message, { cause: error });
  switch (error.code) {
    case "invalidPush":
      return refuse("InvalidModules");
    case "schemaViolation":
    case "schemaInvalid":
      return refuse("InvalidSchema");
    case "invalidArgument":
    case "invalidValue":
    case "invalidQuery":
    case "argumentValidation":
    case "badRequest":
      return refuse("BadRequest");
    case "limitExceeded":
      return refuse("LimitExceeded");
    case "unsupported":
      return refuse("Unsupported");
    case "fileNotStored":
      return new HttpError(503, "FileNotStored", error.message, {
        cause: error,
      });
    case "storageFailed":
      // The store has logged the failure, once.
      return new HttpError(503, "StorageFailed", error.message, {
        cause: error,
      });
    case "storageClosed":
      return new HttpError(503, "Closing", "The deployment is closing.", {
        cause: error,
      });
    default:
      return undefined;
  }
}

function allowOrigin(request: ApiRequest, response: ApiResponse): ApiResponse {
  const origin = request.header("origin");
  if (origin !== undefined) {
    response.headers["access-control-allow-origin"] = origin;
    response.headers["access-control-allow-credentials"] = "true";
    response.headers["vary"] = "Origin";
  }
  return response;
}

function preflight(request: ApiRequest): ApiResponse {
  return {
    status: 204,
    body: "",
    headers: {
      "access-control-allow-methods": "GET, POST, OPTIONS",
      "access-control-allow-headers":
        request.header("access-control-request-headers") ??
        "authorization, content-type, convex-client",
      "access-control-max-age": "86400",
    },
  };
}
