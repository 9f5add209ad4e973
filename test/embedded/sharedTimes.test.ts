/**
 * Rows that share the time they are walked by and that of their creation, as an import can bring them: a
 * deployment gives no two rows the same by itself.
 */
import path from "node:path";
import {
  testDeployment,
  type TestDeployment,
} from "@sessions-ops/embedded/vitest";
import { afterAll, beforeAll, expect, test } from "vitest";
import { components } from "../../convex/_generated/api.js";
import type { ImportRow } from "../../convex/sessionTracker/operator/import.js";
import { MAX_IMPORT_ROWS } from "../../convex/sessionTracker/shared/limits.js";
import type { Cursor } from "../../convex/sessionTracker/shared/runs/run.js";
import type { Action } from "../../convex/sessionTracker/shared/sessions.js";

const NOW = Date.UTC(2026, 0, 20);
const OLD = NOW - 30 * 86_400_000;
const IDLE = NOW - 20 * 60_000;
const INACTIVE = 700;
const LEASED = 30;
const ACTIONS = 25;

interface Row {
  _id: string;
  _creationTime: number;
}
interface SessionRow extends Row {
  anonymousId: string;
  inactiveSince?: number;
}

const { operator, runs, settings } = components.sessionTracker;

let t: TestDeployment;
let sessions: SessionRow[];

beforeAll(async () => {
  const app = path.join(import.meta.dirname, "../..");
  t = await testDeployment({ app, now: NOW });
  await t.mutation(settings.settings.change, {
    patch: { pageSize: 8, idleTimeoutMs: 3_600_000 },
    actor: "test",
  });
  const inactive = (index: number) => visitor(`gone-${index}`, OLD);
  const leased = (index: number) => visitor(`here-${index}`, IDLE);
  const busy = { ...visitor("busy", OLD), actions: actionsAt(OLD) };
  await importRows(Array.from({ length: INACTIVE - 1 }, (_, n) => inactive(n)));
  await importRows([
    busy,
    ...Array.from({ length: LEASED }, (_, n) => leased(n)),
  ]);
  await giveOneTime();
  sessions = await rowsOf<SessionRow>("sessions");
}, 120_000);
afterAll(() => t.close());

test("all rows of a table were made at one time", async () => {
  for (const table of ["sessions", "leases", "actions"]) {
    const rows = await rowsOf<Row>(table);
    expect(new Set(rows.map((row) => row._creationTime)).size).toBe(1);
  }
  expect(sessions).toHaveLength(INACTIVE + LEASED);
});

test.each([
  ["created", "asc"],
  ["created", "desc"],
  ["active", "asc"],
  ["active", "desc"],
] as const)("a list by %s, %s, has each session once", async (sort, order) => {
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const page: { sessions: { anonymousId: string }[]; cursor: string | null } =
      await t.query(operator.search.page, {
        filter: {},
        sort,
        order,
        limit: 90,
        cursor,
      });
    found.push(...page.sessions.map(({ anonymousId }) => anonymousId));
    cursor = page.cursor;
  } while (cursor !== null);
  expect(found.toSorted()).toEqual(
    sessions.map(({ anonymousId }) => anonymousId).toSorted(),
  );
});

test("a timeline and the rest of an export have each action once", async () => {
  const shown = await t.query(operator.show.get, { id: "busy" });
  const sessionId = shown?.sessionId ?? "";
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const page: { actions: Action[]; cursor: string | null } = await t.query(
      operator.show.timeline,
      {
        sessionId,
        limit: 4,
        cursor,
      },
    );
    found.push(...page.actions.map(({ action }) => action));
    cursor = page.cursor;
  } while (cursor !== null);
  const names = actionsAt(OLD).map(({ action }) => action);
  expect(found.toSorted()).toEqual(names.toSorted());

  const rows = await rowsOf<Row & Action>("actions");
  const inOrder = rows.toSorted((a, b) => (a._id < b._id ? -1 : 1));
  const [tenth] = inOrder.slice(9);
  const { sessions: exported } = await t.query(operator.export.page, {
    cursor: { anonymousId: "busy", action: placeOf(OLD, tenth!) },
  });
  expect(exported[0]?.actions.map(({ action }) => action)).toEqual(
    inOrder.slice(10).map(({ action }) => action),
  );
});

test("a preview counts on from any row of one moment", async () => {
  const inOrder = sessions
    .filter(({ inactiveSince }) => inactiveSince !== undefined)
    .toSorted((a, b) => (a._id < b._id ? -1 : 1));
  for (const index of [0, 1, 350, INACTIVE - 2, INACTIVE - 1]) {
    const place = placeOf(OLD, inOrder[index]!);
    const cursor: Cursor = { phase: "sessions", ...place };
    expect(
      await t.query(runs.preview.purge, {
        cutoff: NOW - 86_400_000,
        cursor,
      }),
    ).toMatchObject({ sessions: INACTIVE - 1 - index });
  }
});

test("an exact count has each session once", async () => {
  const tallyId = await t.mutation(operator.tally.begin, {});
  let done: unknown = null;
  for (let page = 0; done === null; page += 1) {
    const args = { tallyId, page, fix: false };
    done = await t.mutation(operator.tally.page, args);
  }
  expect(done).toMatchObject({
    counted: { active: LEASED, expired: INACTIVE },
    missing: { active: 0, expired: 0, ended: 0 },
  });
});

test("a purge in pages of eight takes each due session once, and keeps the others", async () => {
  const { runId } = await t.mutation(runs.control.start, {
    kind: "purge",
    cutoff: NOW - 86_400_000,
    actor: "test",
    trigger: "operator",
  });
  await t.clock.advance("1m");
  expect(await t.query(runs.ledger.get, { runId })).toMatchObject({
    status: "completed",
    sessions: INACTIVE,
    actions: ACTIONS,
    quarantined: 0,
  });
  const left = await rowsOf<SessionRow>("sessions");
  expect(left).toHaveLength(LEASED);
});

test("an expire run in pages of eight takes each lease once", async () => {
  await t.clock.advance("1h");
  expect(await rowsOf<Row>("leases")).toEqual([]);
  const expired = await t.query(runs.ledger.list, { kind: "expire" });
  expect(expired.map((run) => run.sessions)).toEqual([LEASED]);
});

// ── Helpers ─────────────────────────────────────────────────────────────────

function visitor(anonymousId: string, lastActive: number): ImportRow {
  return { anonymousId, createdAt: OLD, lastActive };
}

function actionsAt(at: number): Action[] {
  return Array.from({ length: ACTIONS }, (_, n) => ({
    at,
    action: `action-${n}`,
  }));
}

async function importRows(rows: ImportRow[]): Promise<void> {
  for (let first = 0; first < rows.length; first += MAX_IMPORT_ROWS) {
    const some = rows.slice(first, first + MAX_IMPORT_ROWS);
    await t.mutation(operator.import.batch, { rows: some });
  }
}

/** Takes the rows out and puts them back as they are, but that they were made in one moment. */
async function giveOneTime(): Promise<void> {
  for (const table of ["sessions", "leases", "actions"]) {
    const rows = await rowsOf<Row>(table);
    const moved = rows.map((row) => ({ ...row, _creationTime: OLD }));
    const component = "sessionTracker";
    await t.import({ [table]: moved }, { component });
  }
}

/** The rows of a table of the component. */
function rowsOf<Of extends Row>(table: string): Promise<Of[]> {
  return t
    .component("sessionTracker")
    .run(
      (ctx) => ctx.db.query(table).collect() as Promise<unknown[]>,
    ) as Promise<Of[]>;
}

function placeOf(at: number, { _id, _creationTime }: Row) {
  return { at, creationTime: _creationTime, id: _id };
}
