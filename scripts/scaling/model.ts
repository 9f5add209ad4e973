/** What so many sessions a month come to on Convex, reckoned from measured counts and Convex's prices and limits. */
import type { Measured } from "./measured.js";
import { CLASSES, PLAN } from "./prices.js";

/** What the page assumes of visitors. */
export const VISIT = {
  /** Calls of `trackSession` in a visit after its first, each of which writes: three page views of a minute each. */
  heartbeats: 1,
  actions: 3,
  retentionDays: 14,
} as const;

/** Calls of schedules and of the watchdog, whoever visits; `test/convex/costs.test.ts`. */
const CALLS_OF_SCHEDULES = 8_700;
const DAYS = 30;
const DAY_S = 86_400;
/** What an entry of the log of documents or of an index has beside the document or the key: ids and timestamps. */
const ENTRY_BYTES = 48;
/** Indexes that Convex keeps of every table: by id and by creation time. */
const OWN_INDEXES = 2;
/** Bytes of a key in one of these. */
const OWN_KEY_BYTES = 40;

export interface Month {
  calls: number;
  documentsRead: number;
  documentsWritten: number;
  ioGB: number;
  storedSessions: number;
  storedGB: number;
  /** USD beyond what the Professional plan includes. */
  usd: { calls: number; io: number; storage: number };
}

/** A month in which so many visitors come, once each. */
export function monthOf(sessions: number, measured: Measured): Month {
  const each = visitOf(measured);
  const { rows } = measured;
  const storedSessions = (sessions * VISIT.retentionDays) / DAYS;
  const storedBytes =
    copiesOf(rows.sessions) + VISIT.actions * copiesOf(rows.actions);
  const calls = sessions * each.calls + CALLS_OF_SCHEDULES;
  const ioGB = (sessions * each.ioBytes) / 1e9;
  const storedGB = (storedSessions * storedBytes) / 1e9;
  return {
    calls,
    documentsRead: sessions * each.documentsRead,
    documentsWritten: sessions * each.documentsWritten,
    ioGB,
    storedSessions,
    storedGB,
    usd: {
      calls: (beyond(calls, PLAN.calls.included) / 1e6) * PLAN.calls.perMillion,
      io: beyond(ioGB, PLAN.ioGB.included) * PLAN.ioGB.perGB,
      storage: beyond(storedGB, PLAN.storageGB.included) * PLAN.storageGB.perGB,
    },
  };
}

export interface Purge {
  transactions: number;
  /** Seconds, by the time of a delete in ms. */
  byDeleteMs: { ms: number; seconds: number }[];
  /** Seconds that the write throughput of a class takes at least. */
  atLeast: { S16: number; S256: number };
}

/** Times that a delete by id may take on Convex: nobody has measured it there. */
const DELETE_MS = [0.5, 1, 2];

/** A purge of so many sessions with their actions, page after page. */
export function purgeOf(sessions: number, measured: Measured): Purge {
  const { purge } = largest(measured);
  const deletes = 1 + VISIT.actions;
  const bytes =
    deletedBytes(measured.rows.sessions) +
    VISIT.actions * deletedBytes(measured.rows.actions);
  const at = (bytesPerSecond: number) => (sessions * bytes) / bytesPerSecond;
  return {
    transactions: (sessions * purge.calls) / purge.sessions,
    byDeleteMs: DELETE_MS.map((ms) => ({
      ms,
      seconds: (sessions * deletes * ms) / 1_000,
    })),
    atLeast: {
      S16: at(CLASSES.S16.writtenBytesPerSecond),
      S256: at(CLASSES.S256.writtenBytesPerSecond),
    },
  };
}

export interface Use {
  limit: string;
  /** Part of the limit that is used, on a deployment of the class S256. */
  part: number;
  /** What to turn when it comes near. */
  setting: string;
}

/** How much of each limit so many sessions a month use, the one that binds first at the beginning. */
export function usesOf(sessions: number, measured: Measured): Use[] {
  const month = monthOf(sessions, measured);
  const { S256 } = CLASSES;
  const visitBytes = visitOf(measured).loggedBytes;
  const visitsPerSecond = sessions / DAYS / DAY_S;
  const daily = purgeOf(sessions / DAYS, measured);
  const slowest = daily.byDeleteMs.at(-1)?.seconds ?? 0;
  const uses: Use[] = [
    {
      limit: "the stored data of a deployment (1 TB)",
      part: month.storedGB / S256.datasetGB,
      setting: "`retention.sessions`, `retention.actions`",
    },
    {
      limit: `bytes written a second by visitors, at ${PEAK} times the mean (8 MiB)`,
      part: (PEAK * visitsPerSecond * visitBytes) / S256.writtenBytesPerSecond,
      setting:
        "`touchAfter` and the option `engagement`; fewer actions; a larger class",
    },
    {
      limit: `calls at once, at ${PEAK} times the mean and 50 ms a call (256)`,
      part:
        (PEAK * visitsPerSecond * visitOf(measured).visitorCalls * 0.05) /
        S256.mutations,
      setting: "the option `engagement`; a larger class",
    },
    {
      limit: `the day, for the day's purge at ${DELETE_MS.at(-1)} ms a delete (24 h)`,
      part: Math.max(slowest, daily.atLeast.S256) / DAY_S,
      setting:
        "`retention.actions`, so that a purge has less to delete; `maxActionsPerSession`",
    },
  ];
  return uses.sort((a, b) => b.part - a.part);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** How much busier than the mean the busiest time of a day is. */
const PEAK = 5;

type Rows = Measured["rows"]["sessions"];

function visitOf({ operations, rows, purges }: Measured) {
  const { newVisitor, writingHeartbeat, action, expire } = operations;
  const { purge } = largest({ purges });
  const { heartbeats, actions } = VISIT;
  const sum = (
    name:
      | "documentsRead"
      | "documentsWritten"
      | "bytesRead"
      | "bytesWritten"
      | "calls",
  ) =>
    newVisitor[name] +
    heartbeats * writingHeartbeat[name] +
    actions * action[name] +
    expire[name] / expire.sessions +
    purge[name] / purge.sessions;
  const { sessions: session, leases: lease, actions: row } = rows;
  /** How many rows of each table are inserted or patched. */
  const written: [Rows, number][] = [
    // At the beginning of the visit and at its end.
    [session, 2],
    [lease, 1 + heartbeats + actions],
    [row, actions],
  ];
  const keyBytes = written.reduce(
    (bytes, [table, count]) => bytes + count * table.indexKeyBytes,
    0,
  );
  return {
    calls: sum("calls"),
    visitorCalls: 1 + heartbeats + actions,
    documentsRead: sum("documentsRead"),
    documentsWritten: sum("documentsWritten"),
    ioBytes: sum("bytesRead") + sum("bytesWritten") + keyBytes,
    loggedBytes: written.reduce(
      (bytes, [table, count]) =>
        bytes + count * (table.documentBytes + deletedBytes(table)),
      0,
    ),
  };
}

/** Each index is priced as another copy of the table. */
function copiesOf({ documentBytes, indexes }: Rows): number {
  return documentBytes * (1 + indexes);
}

/** What the delete of a row writes to the log: an entry for the row, and one for each index. */
function deletedBytes({ indexes, indexKeyBytes }: Rows): number {
  const entries = 1 + indexes + OWN_INDEXES;
  return entries * ENTRY_BYTES + indexKeyBytes + OWN_INDEXES * OWN_KEY_BYTES;
}

function largest({ purges }: Pick<Measured, "purges">) {
  const last = purges.at(-1);
  if (last === undefined) throw new Error("No purge was measured.");
  return last;
}

function beyond(value: number, included: number): number {
  return Math.max(0, value - included);
}
