import type { JSONValue } from "convex/values";
import {
  auditEntries,
  auditRow,
  watchAuditLog,
  type AuditEntry,
} from "../auditLog.js";
import { latestExport } from "../snapshots/exports.js";
import { listImports, readImport } from "../snapshots/imports.js";
import {
  inComponent,
  listOf,
  number,
  objectOf,
  optional,
  NOTHING,
  PAGE,
  text,
} from "./arguments.js";
import { listPage } from "./pages.js";
import type { SystemCall, SystemQuery } from "./systemFunctions.js";
import { systemId } from "./systemIds.js";

const CLOUD_URL = answering(({ services }) => services.urls.cloud);
const SITE_URL = answering(({ services }) => services.urls.site);
const IMPORTS = answering(({ tx }) => listImports(tx));
const VARIABLES = answering(({ services: { live } }) =>
  Object.entries(live.environment)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({
      ...systemId("_environment_variables", name),
      name,
      value,
    })),
);

/** What the CLI and dashboard ask of the deployment as a whole. */
export const deploymentQueries: Readonly<Record<string, SystemQuery>> = {
  "_system/cli/convexUrl:cloudUrl": CLOUD_URL,
  "_system/cli/convexUrl:siteUrl": SITE_URL,
  "_system/frontend/convexCloudUrl": CLOUD_URL,
  "_system/frontend/convexSiteUrl": SITE_URL,
  "_system/cli/queryEnvironmentVariables": VARIABLES,
  "_system/frontend/listEnvironmentVariables": VARIABLES,
  "_system/cli/queryEnvironmentVariables:get": {
    args: objectOf({ name: text }),
    run({ services: { live }, args }) {
      const name = args["name"] as string;
      return Object.hasOwn(live.environment, name)
        ? { name, value: live.environment[name]! }
        : null;
    },
  },
  "_system/cli/exports:getLatest": answering(({ tx }) => latestExport(tx)),
  "_system/cli/queryImport": {
    args: objectOf({ importId: text }),
    run: ({ tx, args }) => readImport(tx, args["importId"] as string),
  },
  "_system/cli/queryImport:list": IMPORTS,
  "_system/frontend/snapshotImport:list": IMPORTS,
  /** It always runs: there is nothing that pauses or disables it. */
  "_system/frontend/deploymentState:deploymentState": answering(() => ({
    state: "running",
  })),
  "_system/frontend/backendState:backendState": answering(() => ({
    system: "none",
    usage_limit: "none",
    user: "none",
  })),
  "_system/frontend/listConfiguredSinks": answering(() => []),
  "_system/frontend/deploymentEvents:lastPushEvent": {
    args: inComponent(),
    run({ tx }) {
      watchAuditLog(tx);
      for (const entry of auditEntries(tx, { reverse: true })) {
        if (entry.action === "push_config_with_components") return shown(entry);
      }
      return null;
    },
  },
  "_system/frontend/listDeploymentEventsFromTime": {
    args: objectOf({ fromTimestamp: number }),
    run({ tx, args }) {
      watchAuditLog(tx);
      const from = args["fromTimestamp"] as number;
      return [...auditEntries(tx)]
        .filter(({ creationTime }) => creationTime >= from)
        .map(shown);
    },
  },
  /** A page of the audit log, the latest first. */
  "_system/frontend/paginatedDeploymentEvents": {
    args: objectOf({
      paginationOpts: PAGE,
      filters: objectOf({
        minDate: number,
        maxDate: optional(number),
        authorMemberIds: optional(listOf({ type: "bigint" })),
        actions: optional(listOf(text)),
      }),
    }),
    run: pageOfEvents,
  },
};

function answering(run: (call: SystemCall) => JSONValue): SystemQuery {
  return { args: NOTHING, run };
}

function shown(entry: AuditEntry): Record<string, JSONValue> {
  const { _id } = systemId("_deployment_audit_log", String(entry.number));
  return { _id, ...auditRow(entry) };
}

function pageOfEvents(call: SystemCall): JSONValue {
  const { tx, args } = call;
  const { minDate, maxDate, authorMemberIds, actions } = args["filters"] as {
    minDate: number;
    maxDate?: number;
    authorMemberIds?: JSONValue[];
    actions?: string[];
  };
  const isAsked = (row: Record<string, JSONValue>, at: number) =>
    at >= minDate &&
    at <= (maxDate ?? Infinity) &&
    (actions === undefined || actions.includes(row["action"] as string)) &&
    (authorMemberIds === undefined ||
      authorMemberIds.some((id) => isSame(id, row["member_id"])));
  watchAuditLog(tx);
  return listPage(call, function* (after) {
    const to = after === null ? Infinity : numberAt(after);
    for (const entry of auditEntries(tx, { reverse: true, to })) {
      const row = shown(entry);
      const place = placeOf(entry);
      yield isAsked(row, entry.creationTime)
        ? { place, value: row }
        : { place };
    }
  });
}

/** Places ascend while numbers descend. */
const LAST_NUMBER = 999_999_999_999;

function placeOf({ number: at }: AuditEntry): string {
  return String(LAST_NUMBER - at).padStart(12, "0");
}

function numberAt(place: string): number {
  return LAST_NUMBER - Number(place);
}

function isSame(a: JSONValue, b: JSONValue | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
