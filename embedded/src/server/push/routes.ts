import { actorOf } from "../auditLog.js";
import { PUSH_BODY, isJsonObject, readJsonObject } from "../http/body.js";
import {
  badRequest,
  jsonResponse,
  type ApiRequest,
  type Routes,
} from "../http/http.js";
import type { LiveCode } from "../liveCode.js";
import type { Log } from "../log.js";
import type { PushService } from "./pushService.js";
import { moduleHash } from "./request.js";

/** Parts of the deployment that the push routes use. */
export interface PushServices {
  readonly live: LiveCode;
  readonly pushes: PushService;
  readonly log: Log;
}

/**
 * The answer to `evaluate_schema`, on whose advice the CLI asks before it drops or fills a large
 * index. Here both take seconds and happen inside the push, so there is nothing to ask.
 */
const NO_SCHEMA_EVALUATION = {
  componentSchemaEvaluations: {},
  newComponentDefinitions: [],
};

type PushStep = (body: Record<string, unknown>, request: ApiRequest) => unknown;

/** Routes of the official CLI's push protocol, step by step in the order it calls them. */
export function pushRoutes({ live, pushes, log }: PushServices): Routes {
  const step = (run: PushStep) => ({
    POST: async (request: ApiRequest) => {
      const body = await readJsonObject(request, PUSH_BODY);
      return jsonResponse(await run(body, request));
    },
  });
  return {
    "/api/get_config_hashes": step(() => configHashes(live)),
    "/api/deploy2/evaluate_schema": step(() => NO_SCHEMA_EVALUATION),
    "/api/deploy2/start_push": step((body) => pushes.start(body)),
    "/api/deploy2/wait_for_schema": step((body) =>
      pushes.waitForSchema(body["schemaChange"], waitMs(body["timeoutMs"])),
    ),
    "/api/deploy2/finish_push": step(async (body, request) => {
      const { startPush } = body;
      if (!isJsonObject(startPush)) {
        throw badRequest(
          "InvalidPushRequest",
          "startPush must be what start_push answered.",
        );
      }
      const dryRun = body["dryRun"] === true;
      const { message } = body;
      const diff = await pushes.finish(startPush["schemaChange"], {
        dryRun,
        message: typeof message === "string" ? message : null,
        actor: actorOf(request),
      });
      if (!dryRun) log(`Code revision ${live.revision.version} is running.`);
      return diff;
    }),
    "/api/deploy2/report_push_completed": step(() => null),
  };
}

/**
 * How long the CLI asks to wait.
 * @default 10 s, and never longer than a minute
 */
function waitMs(timeoutMs: unknown): number {
  return typeof timeoutMs === "number" && timeoutMs >= 0
    ? Math.min(timeoutMs, 60_000)
    : 10_000;
}

function configHashes({ revision }: LiveCode): unknown {
  const app = revision.definitions.get("");
  return {
    config: { functions: revision.functions, authInfo: revision.auth },
    moduleHashes: [...(app?.modules.values() ?? [])].map((module) => ({
      path: module.path,
      hash: moduleHash(module),
      environment: module.environment,
    })),
    udfServerVersion: app?.udfServerVersion ?? null,
  };
}
