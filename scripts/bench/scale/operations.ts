import { getDocumentSize, type Value } from "convex/values";
import { MINUTE_MS } from "../../../convex/sessionTracker/shared/times.js";
import type { MeasuredDeployment, Work } from "../servers/deployment.js";
import { difference } from "./runs.js";

/** What each thing that visitors and operators do costs, one of it. */
export interface OperationCosts {
  newVisitor: Work;
  /** A heartbeat within `touchAfterMs` of the last write. */
  idleHeartbeat: Work;
  writingHeartbeat: Work;
  action: Work;
  /** The run of `status`. */
  status: Work;
}

const TIMES = 200;
/** Rows of a table that are looked at, among them more than those that the calls above made. */
const LOOKED_AT = 1_000;

/** Measures each with the default settings but for those of the schedules, which stay paused. */
export async function measureOperations(
  deployment: MeasuredDeployment,
): Promise<OperationCosts> {
  const change = (patch: { touchAfterMs: number }) =>
    deployment.call("settings/settings:change", {
      patch: { ...patch, maxNewSessionsPerMinute: 6_000 },
      actor: "bench",
    });
  const beat = (prefix: string) => (n: number) =>
    post(deployment, "trackSession", { anonymousId: `${prefix}-${n}` });
  await change({ touchAfterMs: MINUTE_MS });
  const newVisitor = await each(deployment, beat("counted"));
  const idleHeartbeat = await each(deployment, beat("counted"));
  const action = await each(deployment, (n) =>
    post(deployment, "trackUserAction", {
      anonymousId: `counted-${n}`,
      action: "viewed",
      metadata: { text: "x".repeat(100) },
    }),
  );
  // A lease keeps the settings that its visit started with.
  await change({ touchAfterMs: 0 });
  await each(deployment, beat("writing"));
  const writingHeartbeat = await each(deployment, beat("writing"));
  const status = await each(deployment, () =>
    deployment.call("operator/status:get", {}),
  );
  return { newVisitor, idleHeartbeat, writingHeartbeat, action, status };
}

/** How much of a table's rows is stored: the rows' own bytes, and those of their keys in its indexes. */
export interface StoredRows {
  /** Mean bytes of a row, as Convex counts them. */
  documentBytes: number;
  /** The indexes that the schema names. */
  indexes: number;
  /** Mean bytes of a row's keys in all of them together. */
  indexKeyBytes: number;
}

/** The indexes of the component's schema, whose last two fields are always `_creationTime` and `_id`. */
const INDEXES = {
  sessions: [
    ["anonymousId"],
    ["createdAt"],
    ["state", "createdAt"],
    ["isStripped", "inactiveSince"],
    ["userId", "createdAt"],
  ],
  leases: [["anonymousId"], ["lastActive"]],
  actions: [["session", "at"], ["at"]],
} satisfies Record<string, string[][]>;
export type MeasuredTable = keyof typeof INDEXES;

/** Measures the newest rows of each table; of sessions those whose visit is over, as most are. */
export async function measureRows(
  deployment: MeasuredDeployment,
): Promise<Record<MeasuredTable, StoredRows>> {
  const measured: Partial<Record<MeasuredTable, StoredRows>> = {};
  for (const table of ["sessions", "leases", "actions"] as const) {
    const newest = await newestRows(deployment, table);
    const rows = newest.filter(
      (row) => table !== "sessions" || row["lastVisit"] !== undefined,
    );
    const indexes = INDEXES[table];
    measured[table] = {
      documentBytes: mean(rows.map((row) => getDocumentSize(row))),
      indexes: indexes.length,
      indexKeyBytes: mean(rows.map((row) => keyBytes(row, indexes))),
    };
  }
  return measured as Record<MeasuredTable, StoredRows>;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

type Row = Record<string, Value> & { _id: string; _creationTime: number };

async function each(
  deployment: MeasuredDeployment,
  call: (n: number) => Promise<unknown>,
): Promise<Work> {
  const before = (await deployment.stats()).work.client;
  for (let n = 0; n < TIMES; n += 1) await call(n);
  const all = difference((await deployment.stats()).work.client, before);
  return Object.fromEntries(
    Object.entries(all).map(([name, count]) => [name, Number(count) / TIMES]),
  ) as unknown as Work;
}

function post(
  deployment: MeasuredDeployment,
  name: string,
  args: object,
): Promise<unknown> {
  const path = `sessions:${name}`;
  return deployment.post("/api/mutation", { path, args: [args] });
}

async function newestRows(
  deployment: MeasuredDeployment,
  table: MeasuredTable,
): Promise<Row[]> {
  const { page } = (await deployment.post("/api/query", {
    componentPath: "sessionTracker",
    path: "_system/cli/tableData",
    args: [
      {
        table,
        order: "desc",
        paginationOpts: { numItems: LOOKED_AT, cursor: null },
      },
    ],
  })) as { page: Row[] };
  return page;
}

function keyBytes(row: Row, indexes: readonly string[][]): number {
  const { _id, _creationTime } = row;
  return indexes
    .map((fields) => {
      const values = [...fields.map((name) => row[name]), _creationTime, _id];
      // An index key is an array of values; a field that is not there takes a byte.
      return values.reduce<number>((sum, value) => sum + valueBytes(value), 0);
    })
    .reduce((sum, bytes) => sum + bytes, 0);
}

function valueBytes(value: Value | undefined): number {
  if (value === undefined || value === null) return 1;
  if (typeof value === "string") return 2 + Buffer.byteLength(value);
  return 9;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
