import type { JSONValue } from "convex/values";
import type { Clock } from "../../clock.js";
import type { Database } from "../../database/database.js";
import { activateStaged, hasSchema } from "../../database/imports/staging.js";
import { FILES_TABLE } from "../../database/records/catalog.js";
import {
  cancelJob,
  liveJobs,
  removeJobs,
  type LiveJob,
} from "../../scheduler/jobs.js";
import { actorOf, recordIn } from "../auditLog.js";
import { describeJson, readJsonObject } from "../http/body.js";
import {
  badRequest,
  jsonResponse,
  type ApiRequest,
  type Routes,
} from "../http/http.js";
import type { LiveCode } from "../liveCode.js";
import { componentDefinitions } from "../push/diff.js";

/** Parts of the deployment that the dashboard's routes use. */
export interface DashboardServices {
  readonly database: Database;
  readonly clock: Clock;
  readonly live: Pick<LiveCode, "revision" | "environment" | "forget">;
}

/** Jobs that are cancelled or removed in one commit. */
const JOB_BATCH = 500;

/** What the official dashboard does besides calling functions. */
export function dashboardRoutes(services: DashboardServices): Routes {
  const post = (
    run: (
      services: DashboardServices,
      body: Record<string, unknown>,
      request: ApiRequest,
    ) => Promise<void>,
  ) => ({
    POST: async (request: ApiRequest) => {
      await run(services, await readJsonObject(request), request);
      return jsonResponse(undefined);
    },
  });
  const get = (answer: (request: ApiRequest) => JSONValue) => ({
    GET: (request: ApiRequest) =>
      Promise.resolve(jsonResponse(answer(request))),
  });
  return {
    "/api/check_admin_key": get(() => ({
      success: true,
      allowedOps: [],
      isReadOnly: false,
    })),
    "/api/list_environment_variables": get(() => ({
      environment_variables: { ...services.live.environment },
    })),
    "/api/shapes2": get((request) => shapes(services, request)),
    "/api/delete_tables": post(deleteTables),
    "/api/delete_component": post(deleteComponent),
    "/api/cancel_job": post(cancelOne),
    "/api/cancel_all_jobs": post(cancelAll),
    "/api/delete_scheduled_functions_table": post(removeAllJobs),
    ...Object.fromEntries(
      METRICS.map((name) => [`/api/app_metrics/${name}`, get(() => [])]),
    ),
  };
}

/** Figures over time that Convex keeps and this deployment does not: there are no points to draw. */
const METRICS = [
  "udf_rate",
  "failure_percentage_top_k",
  "cache_hit_percentage_top_k",
  "cache_hit_percentage",
  "function_call_count_top_k",
  "subscription_invalidations_top_k",
  "table_rate",
  "latency_percentiles",
  "scheduled_job_lag",
  "function_concurrency",
];

/** As on Convex before it has looked at a table: nothing is known of its documents but that there are any. */
function shapes(
  { database, live }: DashboardServices,
  request: ApiRequest,
): JSONValue {
  const query = new URLSearchParams(request.query);
  const component = checkedComponent(live, query.get("component"));
  const tx = database.read();
  try {
    return Object.fromEntries(
      tx
        .tableNames(component)
        .map((name) => [
          name,
          { type: tx.count(component, name) > 0 ? "Unknown" : "Never" },
        ]),
    );
  } finally {
    tx.release();
  }
}

async function deleteTables(
  { database, live }: DashboardServices,
  body: Record<string, unknown>,
  request: ApiRequest,
): Promise<void> {
  const component = checkedComponent(live, body["componentId"]);
  const { tableNames } = body;
  if (!Array.isArray(tableNames) || !tableNames.every(isText)) {
    throw badRequest("BadJsonBody", "tableNames must be an array of names.");
  }
  const { durable } = await database.write((tx) => {
    const known = tx.tableNames(component);
    for (const name of tableNames) {
      if (!known.includes(name)) {
        throw badRequest(
          "TableNotFound",
          `There is no table "${name.slice(0, 100)}".`,
        );
      }
      if (hasSchema(tx, component, name)) {
        throw badRequest(
          "TableInSchema",
          `The table "${name}" is in the schema. Take it out of schema.ts and push, then delete it.`,
        );
      }
    }
    const removed = tableNames.map((name) => ({ component, name }));
    activateStaged(tx, { staged: [], removed, requireEmpty: false });
    recordIn(tx, actorOf(request), component, "delete_tables", {
      table_names: tableNames,
    });
  });
  await durable;
}

/** Deletes all that an unmounted component left. */
async function deleteComponent(
  services: DashboardServices,
  body: Record<string, unknown>,
  request: ApiRequest,
): Promise<void> {
  const { live } = services;
  const component = checkedComponent(live, body["componentId"]);
  if (!live.revision.unmounted.includes(component)) {
    throw badRequest(
      "ComponentMounted",
      "Only a component that is not mounted any more can be deleted: take its use() out of convex.config.ts and push.",
    );
  }
  await removeJobsOf(services, component);
  await live.forget(component, (tx) => {
    const names = [
      ...tx.tableNames(component),
      "_scheduled_functions",
      FILES_TABLE,
    ];
    const removed = names
      .filter((name) => tx.table(component, name) !== undefined)
      .map((name) => ({ component, name }));
    activateStaged(tx, { staged: [], removed, requireEmpty: false });
    recordIn(tx, actorOf(request), component, "delete_component", {});
  });
}

async function cancelOne(
  { database, clock, live }: DashboardServices,
  body: Record<string, unknown>,
  request: ApiRequest,
): Promise<void> {
  const component = checkedComponent(live, body["componentId"]);
  const { id } = body;
  if (!isText(id)) {
    throw badRequest(
      "BadJsonBody",
      `id must be an id, not ${describeJson(id)}.`,
    );
  }
  const { durable } = await database.write((tx) => {
    cancelJob(tx, component, id, clock.now());
    const row = tx.get(component, id, { isSystem: true });
    recordIn(tx, actorOf(request), component, "cancel_scheduled_function", {
      scheduled_function_id: id,
      function_path: row?.value["name"] ?? null,
    });
  });
  await durable;
}

/** Cancels the jobs of a component: all, or those of one function or within some time. */
async function cancelAll(
  { database, clock, live }: DashboardServices,
  body: Record<string, unknown>,
  request: ApiRequest,
): Promise<void> {
  const component = checkedComponent(live, body["componentId"]);
  const { udfPath, startNextTs, endNextTs } = body;
  const isAsked = ({ target, componentPath }: LiveJob) =>
    componentPath === component && (udfPath ?? target.path) === target.path;
  const from = isNumber(startNextTs) ? startNextTs / 1_000_000 : -Infinity;
  const to = isNumber(endNextTs) ? endNextTs / 1_000_000 : Infinity;
  for (let isMore = true; isMore;) {
    const { value, durable } = await database.write((tx) => {
      let count = 0;
      for (const job of liveJobs(tx, null)) {
        if (!isAsked(job)) continue;
        const row = tx.system.get(component, "_scheduled_functions", job.id);
        const time = row?.["scheduledTime"] as number;
        if (time < from || time >= to) continue;
        cancelJob(tx, component, job.id, clock.now());
        count += 1;
        if (count === JOB_BATCH) break;
      }
      if (count > 0) {
        recordIn(
          tx,
          actorOf(request),
          component,
          "cancel_all_scheduled_functions",
          {},
        );
      }
      return count;
    });
    await durable;
    isMore = value === JOB_BATCH;
  }
}

async function removeAllJobs(
  services: DashboardServices,
  body: Record<string, unknown>,
  request: ApiRequest,
): Promise<void> {
  const { database, live } = services;
  const component = checkedComponent(live, body["componentId"]);
  await removeJobsOf(services, component);
  const { durable } = await database.write((tx) => {
    recordIn(
      tx,
      actorOf(request),
      component,
      "delete_scheduled_jobs_table",
      {},
    );
  });
  await durable;
}

async function removeJobsOf(
  { database }: DashboardServices,
  component: string,
): Promise<void> {
  for (let isMore = true; isMore;) {
    const { value, durable } = await database.write((tx) =>
      removeJobs(tx, component, JOB_BATCH),
    );
    await durable;
    isMore = value === JOB_BATCH;
  }
}

/** A component by its id, which is its path; none is the app. */
function checkedComponent(
  { revision }: DashboardServices["live"],
  id: unknown,
): string {
  if (id === undefined || id === null || id === "") return "";
  const isKnown =
    isText(id) &&
    (revision.unmounted.includes(id) || componentDefinitions(revision).has(id));
  if (isKnown) return id;
  throw badRequest(
    "ComponentNotFound",
    `There is no component ${isText(id) ? `"${id.slice(0, 200)}"` : describeJson(id)}.`,
  );
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}
