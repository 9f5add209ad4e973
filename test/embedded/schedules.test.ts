/** Half a month of the tracker's own schedules, in the time that a test has. */
import path from "node:path";
import { testDeployment } from "@sessions-ops/embedded/vitest";
import { expect, test } from "vitest";
import { api, components } from "../../convex/_generated/api.js";
import { DAY_MS } from "../../convex/sessionTracker/shared/times.js";

const ROOT = path.join(import.meta.dirname, "../..");
const NOW = Date.UTC(2026, 2, 1, 12);
/** So that what is kept for fourteen days is purged. */
const DAYS = 15;
/** The watchdog's check, the tick of `expire`, and crons itself for that tick: each four times an hour. */
const EXECUTIONS_A_DAY = 3 * 4 * 24;
/** For a purge each day, and its pages. */
const OTHERS_A_DAY = 4;
/**
 * Limit for the processor's time of one execution, of which each reads dozens of documents and looks for the next time
 * of a cron spec. Alone on a machine it is about a millisecond.
 */
const EXECUTION_MS = 10;

test(
  "the schedules expire a visitor, then purge them, each at its time",
  { timeout: 240_000 },
  async () => {
    const t = await testDeployment({ app: ROOT, now: NOW });
    const anonymousId = "visitor-0123456789";
    await t.mutation(api.sessions.trackSession, { anonymousId });
    const { operator, runs } = components.sessionTracker;
    const state = async () => (await t.query(operator.status.get, {})).sessions;

    // The watchdog's first check registers the schedules, and runs begin to be due.
    await t.clock.advance("1h");
    expect(await state()).toMatchObject({ total: 1, active: 0, expired: 1 });
    const before = process.cpuUsage();
    const at = performance.now();
    const earlier = t.logs.length;
    await t.clock.advance(DAYS * DAY_MS);
    const { user, system } = process.cpuUsage(before);
    const processorMs = Math.round((user + system) / 1_000);
    const executions = t.logs.length - earlier;
    process.stdout.write(
      `${DAYS} days: ${executions} executions, ${Math.round(performance.now() - at)} ms, processor ${processorMs} ms\n`,
    );
    expect(t.logs.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(await state()).toMatchObject({ total: 0 });
    const purges = await t.query(runs.ledger.list, { kind: "purge" });
    expect(purges.map(({ sessions }) => sessions)).toEqual([1]);
    expect(t.clock.now()).toBe(NOW + 3_600_000 + DAYS * DAY_MS);
    expect(executions).toBeGreaterThanOrEqual(DAYS * EXECUTIONS_A_DAY);
    expect(executions).toBeLessThan(DAYS * (EXECUTIONS_A_DAY + OTHERS_A_DAY));
    expect(processorMs / executions).toBeLessThan(EXECUTION_MS);
  },
);
