import type { UserIdentity } from "convex/server";
import { runHttpAction } from "../functions/httpActions.js";
import { newRequestId } from "../functions/requests.js";
import type { Runtime } from "../functions/runtime.js";
import { authenticate, type AuthServices } from "./auth/auth.js";
import { requestIdOf } from "./functionRequest.js";
import {
  HttpError,
  jsonResponse,
  textResponse,
  type ApiRequest,
  type ApiResponse,
} from "./http/http.js";

/** Parts of the deployment that HTTP actions use. */
export interface HttpActionServices extends AuthServices {
  readonly runtime: Runtime;
  readonly urls: { readonly site: string };
}

/** Convex's own limit for the body of a request, which is read whole before the action starts. */
const HTTP_ACTION_BODY_LIMIT_BYTES = 20 * 1024 * 1024;

const METHODS = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);

/**
 * Hands requests to the app's `http.ts`.
 * @returns a handler that takes the path as the app's routes have it, which is not always the
 * request's own
 */
export function httpActionHandler(
  services: HttpActionServices,
): (request: ApiRequest, path: string) => Promise<ApiResponse> {
  return async (request, path) => {
    const { requestId = newRequestId() } = requestIdOf(request);
    const outcome = await runHttpAction(services.runtime, {
      request: await toWebRequest(request, path, services.urls.site),
      path,
      context: {
        requestId,
        source: "client",
        ...(await userOf(request, services)),
        job: null,
        ip: request.ip,
        userAgent: request.header("user-agent") ?? null,
      },
    });
    switch (outcome.kind) {
      case "responded":
        return toApiResponse(outcome.response, request.method);
      case "failed": {
        const { message, data } = outcome.failure;
        const body = {
          code: `[Request ID: ${requestId}] Server Error`,
          trace: message,
          ...(data === undefined ? {} : { data }),
        };
        return jsonResponse(body, 500);
      }
      case "noRoute":
        return textResponse("No matching routes found", 404);
      case "notEnabled":
        return textResponse(
          "This Convex deployment does not have HTTP actions enabled.",
          404,
        );
      default:
        return outcome satisfies never;
    }
  };
}

/**
 * The caller's identity. Apps may use the `Authorization` header for schemes of their own, so a
 * value that is not for this deployment counts as no identity.
 */
async function userOf(
  request: ApiRequest,
  services: AuthServices,
): Promise<{ identity: UserIdentity | null; authToken: string | null }> {
  try {
    const caller = await authenticate(request, services);
    const authToken = caller.role === "user" ? caller.authToken : null;
    return { identity: caller.identity, authToken };
  } catch (error) {
    if (error instanceof HttpError) return { identity: null, authToken: null };
    throw error;
  }
}

async function toWebRequest(
  request: ApiRequest,
  path: string,
  site: string,
): Promise<Request> {
  const { method, query } = request;
  if (!METHODS.has(method)) {
    throw new HttpError(
      405,
      "MethodNotAllowed",
      `HTTP actions do not take ${method}; use ${[...METHODS].join(", ")}.`,
    );
  }
  const url = `${site}${path}${query === "" ? "" : `?${query}`}`;
  if (!path.startsWith("/") || !URL.canParse(url)) {
    throw new HttpError(400, "BadRequest", `"${path}" is not a path.`);
  }
  const body = await request.readBody(HTTP_ACTION_BODY_LIMIT_BYTES);
  return new Request(url, {
    method,
    headers: [...request.headers()],
    ...(body.length === 0 || method === "GET" || method === "HEAD"
      ? {}
      : { body: body as Buffer<ArrayBuffer> }),
  });
}

async function toApiResponse(
  response: Response,
  method: string,
): Promise<ApiResponse> {
  const headers: ApiResponse["headers"] = Object.fromEntries(response.headers);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) headers["set-cookie"] = cookies;
  const { status } = response;
  if (method !== "HEAD") return { status, headers, body: response.body ?? "" };
  await response.body?.cancel();
  return { status, headers, body: "" };
}
