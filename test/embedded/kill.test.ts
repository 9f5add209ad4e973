import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Returns } from "../../cli/deployment/api.js";
import { KillableDeployment } from "../../embedded/test/support/process/killable.js";
import { Random } from "../../embedded/test/support/random.js";
import { MAX_IMPORT_ROWS } from "../../convex/sessionTracker/shared/limits.js";
import { DAY_MS } from "../../convex/sessionTracker/shared/times.js";
import { call, startWithTracker } from "./support/tracker.js";

const folder = mkdtempSync(join(tmpdir(), "sessions-ops-kill-"));
const dataDir = join(folder, "data");

const KILLS = Number(process.env["KILLS"]);
const CONNECTIONS = 8;

let deployment: KillableDeployment;

beforeAll(async () => {
  deployment = await startWithTracker(dataDir, folder);
}, 120_000);

afterAll(async () => {
  await deployment.kill();
  rmSync(folder, { recursive: true });
});

test(
  `${KILLS} kills at random moments under load lose nothing that was acknowledged`,
  async () => {
    const seed = Date.now() % 1_000_000;
    console.log(`seed ${seed}`);
    const random = new Random(seed);
    const visitors = new Visitors();
    for (let round = 0; round < KILLS; round += 1) {
      await visitors.actUntilKilled(deployment, 1 + random.below(200));
      deployment = await KillableDeployment.start(dataDir);
    }
    const { sessions } = await call(deployment, "operator/status:get", {});
    const rows = await allRows(deployment);
    const found = new Map(rows.map((row) => [row.anonymousId, row]));

    expect(visitors.acknowledged.size).toBeGreaterThan(KILLS);
    const lost = [...visitors.acknowledged].filter(([anonymousId, actions]) => {
      const recorded = found.get(anonymousId)?.actions ?? -1;
      // One more may have been committed whose answer the kill cut off.
      return recorded < actions || recorded > actions + 1;
    });
    expect(lost).toEqual([]);
    expect(sessions).toEqual({
      total: rows.length,
      active: rows.length,
      expired: 0,
      ended: 0,
    });
  },
  KILLS * 10_000 + 60_000,
);

test("a purge killed in the middle finishes by itself, with exact counts", async () => {
  const now = Date.now();
  const old = 12_000;
  for (let first = 0; first < old; first += MAX_IMPORT_ROWS) {
    const rows = Array.from({ length: MAX_IMPORT_ROWS }, (_, i) => ({
      anonymousId: `old-${first + i}`,
      createdAt: now - 60 * DAY_MS,
      lastActive: now - 30 * DAY_MS - first - i,
    }));
    await call(deployment, "operator/import:batch", { rows });
  }
  const before = await call(deployment, "operator/status:get", {});
  const { runId } = await call(deployment, "runs/control:start", {
    kind: "purge",
    cutoff: now - 14 * DAY_MS,
    actor: "test",
    trigger: "operator",
  });
  const under = await waitForRun(runId, (run) => run.pages >= 2);
  await deployment.kill();
  expect(under.status).toBe("running");

  deployment = await KillableDeployment.start(dataDir);
  const run = await waitForRun(runId, ({ status }) => status !== "running");
  expect(run).toMatchObject({
    status: "completed",
    sessions: old,
    quarantined: 0,
  });
  const { sessions } = await call(deployment, "operator/status:get", {});
  expect(sessions).toEqual({
    ...before.sessions,
    total: before.sessions.total - old,
    expired: 0,
  });
  expect(await allRows(deployment)).toHaveLength(sessions.total);
}, 180_000);

/** Visitors that keep acting, and how often each was told that it was recorded. */
class Visitors {
  readonly acknowledged = new Map<string, number>();
  #next = 0;

  /** Kills the process while the other connections are waiting for their answers. */
  async actUntilKilled(
    target: KillableDeployment,
    answers: number,
  ): Promise<void> {
    let left = answers;
    const answered = () => {
      left -= 1;
      if (left === 0) void target.kill();
    };
    await Promise.all(
      Array.from({ length: CONNECTIONS }, () => this.#act(target, answered)),
    );
  }

  /** Two actions a visitor, until the process no longer answers. */
  async #act(target: KillableDeployment, answered: () => void): Promise<void> {
    for (;;) {
      const anonymousId = `visitor-${this.#next}`;
      this.#next += 1;
      for (let actions = 1; actions <= 2; actions += 1) {
        try {
          await call(target, "visitors/action:record", {
            anonymousId,
            action: "view",
          });
        } catch (error) {
          if (target.process.killed) return;
          throw error;
        }
        this.acknowledged.set(anonymousId, actions);
        answered();
      }
    }
  }
}

async function waitForRun(
  runId: string,
  isThere: (run: { status: string; pages: number }) => boolean,
) {
  for (;;) {
    const run = await call(deployment, "runs/ledger:get", { runId });
    if (run === null) throw new Error(`Run ${runId} is gone.`);
    if (isThere(run)) return run;
  }
}

/** Every session with its exact number of actions, read page by page. */
async function allRows(target: KillableDeployment) {
  const rows: { anonymousId: string; actions: number }[] = [];
  let cursor: string | null = null;
  do {
    const page: Returns<"operator/search:page"> = await call(
      target,
      "operator/search:page",
      { filter: {}, sort: "created", order: "desc", limit: 500, cursor },
    );
    for (const { anonymousId, actionCount, lease } of page.sessions) {
      const ofVisit = lease?.actionCount ?? 0;
      rows.push({ anonymousId, actions: actionCount + ofVisit });
    }
    cursor = page.cursor;
  } while (cursor !== null);
  return rows;
}
