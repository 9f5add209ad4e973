import type { Runtime } from "../functions/runtime.js";
import { actorOf } from "./auditLog.js";
import { readJsonObject } from "./http/body.js";
import { parseEnvironmentChanges } from "./environment.js";
import {
  badRequest,
  jsonResponse,
  textResponse,
  type ApiRequest,
  type ApiResponse,
  type Routes,
} from "./http/http.js";
import type { LiveCode } from "./liveCode.js";
import type { LogStream } from "./logStream.js";

/** Instance name of a deployment, where Convex shows one. */
const INSTANCE_NAME = "embedded";

/** Parts of the deployment that the admin routes use. */
export interface AdminServices {
  readonly live: LiveCode;
  readonly logs: LogStream;
  readonly urls: { readonly cloud: string; readonly site: string };
  readonly runtime: Pick<Runtime, "conflicts">;
  /** When the deployment was opened, in ms since the epoch. */
  readonly openedAtMs: number;
  /** Version of this package. */
  readonly version: string;
}

/**
 * Requests that the CLI or its MCP server may make and that are refused. A 404 would mean to it a
 * deployment that is still starting, and it would try for half a minute.
 */
const NOT_OFFERED = Object.fromEntries(
  ["list_usage_limits", "create_usage_limit", "get_current_usage"].map(
    (name) => [
      `/api/v1/${name}`,
      "The embedded deployment meters nothing, so it has no usage limits.",
    ],
  ),
);

/** The routes that need no admin key. */
export function publicRoutes({ version }: AdminServices): Routes {
  return {
    "/": {
      GET: text(
        `This is an embedded Convex-compatible deployment, ${INSTANCE_NAME} ${version}.`,
      ),
    },
    "/version": { GET: text(version) },
    "/instance_version": { GET: text(version) },
    "/instance_name": { GET: text(INSTANCE_NAME) },
    "/echo": { POST: echo },
  };
}

/** The routes that the CLI uses beside pushing. */
export function adminRoutes(services: AdminServices): Routes {
  const { live, logs, urls, runtime, openedAtMs } = services;
  const followLogs = async (request: ApiRequest) => {
    const page = await logs.follow(parseCursor(request), (listener) =>
      request.onDisconnect(listener),
    );
    return jsonResponse(page);
  };
  return {
    ...Object.fromEntries(
      Object.entries(NOT_OFFERED).map(([path, message]) => {
        const refuse = () => Promise.reject(badRequest("Unsupported", message));
        return [path, { GET: refuse, POST: refuse }];
      }),
    ),
    "/api/v1/get_canonical_urls": {
      GET: () => {
        const answer = { convexCloudUrl: urls.cloud, convexSiteUrl: urls.site };
        return Promise.resolve(jsonResponse(answer));
      },
    },
    "/api/update_environment_variables": {
      POST: async (request) => {
        const body = await readJsonObject(request);
        await live.changeEnvironment(
          parseEnvironmentChanges(body, live.builtIn),
          actorOf(request),
        );
        return jsonResponse(undefined);
      },
    },
    // Not of Convex: nothing there tells an operator of conflicts.
    "/api/embedded/conflicts": {
      GET: () => {
        const { conflicts } = runtime;
        return Promise.resolve(
          jsonResponse(conflicts.summary(openedAtMs, MAX_PAIRS)),
        );
      },
    },
    // The CLI's way to it, and the dashboard's.
    "/api/stream_function_logs": { GET: followLogs },
    "/api/app_metrics/stream_function_logs": { GET: followLogs },
  };
}

/** The most pairs of functions that are told of in one answer. */
const MAX_PAIRS = 50;

/** The largest body that `convex network-test --speed-test` sends. */
const ECHO_LIMIT_BYTES = 64 * 1024 * 1024;

async function echo(request: ApiRequest): Promise<ApiResponse> {
  const bytes = await request.readBody(ECHO_LIMIT_BYTES);
  return {
    status: 200,
    body: new ReadableStream({
      start: (controller) => {
        if (bytes.length > 0) controller.enqueue(bytes);
        controller.close();
      },
    }),
    headers: { "content-type": "application/octet-stream" },
  };
}

function text(body: string) {
  return () => Promise.resolve(textResponse(body));
}

function parseCursor(request: ApiRequest): number {
  const text = new URLSearchParams(request.query).get("cursor") ?? "0";
  const cursor = Number(text);
  if (Number.isFinite(cursor) && cursor >= 0) return cursor;
  throw badRequest(
    "BadCursor",
    `cursor must be the newCursor of the answer before, not "${text}".`,
  );
}
