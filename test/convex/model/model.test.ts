/**
 * Thousands of random operations, against a model: visitors, operators, runs that are started,
 * canceled midway, resumed, whose pages fail because of an app's hook, in any order. After each
 * batch all rows and counters must be those of the model.
 *
 * A failure names its seed and the last operations. `MODEL_SEED=7 npx vitest run model` replays one.
 */
import { expect, test, vi } from "vitest";
import { advance, step } from "../support/clock.js";
import { setUpWithFaults } from "../support/faults.js";
import { Random } from "../../../embedded/test/support/random.js";
import {
  api,
  DAY_MS,
  fakeClock,
  HOUR_MS,
  MINUTE_MS,
} from "../support/fresh.js";
import { expectInvariants, readRows, type Component } from "../support/rows.js";
import { readDays } from "../support/days.js";
import {
  DEFAULT_SETTINGS,
  type Policy,
} from "../../../convex/sessionTracker/shared/settings.js";
import type { VisitReport } from "../../../convex/sessionTracker/shared/visits.js";
import type { RunKind } from "../../../convex/sessionTracker/shared/runs/kinds.js";
import { daysOf, factsOfModel, factsOfRows } from "./facts.js";
import { RunModel } from "./runModel.js";
import { SessionModel, type ImportedRow } from "./sessionModel.js";

const START = Date.UTC(2026, 0, 1);
const OPERATIONS = 550;
const COMPARE_EVERY = 25;

const replayed = process.env["MODEL_SEED"];
const seeds = replayed === undefined ? [1, 2, 3, 4, 5, 6] : [Number(replayed)];

const VISITORS = [
  ...Array.from({ length: 30 }, (_, n) => `visitor-${n}`),
  ...Array.from({ length: 4 }, (_, n) => `poison-${n}`),
];

fakeClock(START);

test.each(seeds)(
  `seed %i: ${OPERATIONS} operations`,
  async (seed) => {
    const driver = new Driver(await setUpWithFaults(), new Random(seed));
    try {
      for (let n = 0; n < OPERATIONS; n++) {
        await driver.operate();
        if (n % COMPARE_EVERY === 0) await driver.compare();
      }
      await driver.finish();
    } catch (error) {
      const history = driver.history.slice(-25).join("\n");
      throw new Error(`Seed ${seed}, the last operations:\n${history}`, {
        cause: error,
      });
    }
    // A seed without these has not tested what it is here for.
    expect(Math.min(...Object.values(driver.runs.done))).toBeGreaterThan(15);
    const met = new Set(driver.history.map((line) => line.split(" ")[2]));
    expect([...met].toSorted()).toEqual(Object.keys(WEIGHTS).toSorted());
  },
  60_000,
);

/** The weight with which each operation is chosen. */
const WEIGHTS = {
  heartbeat: 30,
  act: 30,
  end: 6,
  forget: 3,
  link: 3,
  unlink: 2,
  import: 8,
  settings: 3,
  pass: 12,
  startRun: 8,
  advance: 12,
  cancelRun: 2,
  resumeRun: 3,
  toggleHooks: 1,
};

class Driver {
  readonly history: string[] = [];
  readonly model: SessionModel;
  readonly runs: RunModel;
  readonly #t: Component;
  readonly #random: Random;
  #hook: string | null = null;

  constructor(t: Component, random: Random) {
    this.#t = t;
    this.#random = random;
    const { schedules, ...policy } = DEFAULT_SETTINGS;
    this.model = new SessionModel(policy);
    this.runs = new RunModel(this.model);
  }

  async operate(): Promise<void> {
    this.model.step += 1;
    const operation = this.#random.weighted(WEIGHTS);
    const time = new Date().toISOString();
    const index = this.history.push(`${this.model.step} ${time} ${operation}`);
    const told = await this[operation](this.#random.pick(VISITORS));
    this.history[index - 1] += ` ${JSON.stringify(told)}`;
  }

  async heartbeat(anonymousId: string) {
    const given = this.#report(anonymousId);
    const { visit } = given;
    const expected = this.model.heartbeat(anonymousId, Date.now(), visit);
    const result = await this.#t.mutation(api.visitors.heartbeat.beat, {
      anonymousId,
      ...given,
    });
    const { startedAt } = this.model.get(anonymousId);
    const answer = { ok: true, state: expected, visitStartedAt: startedAt };
    expect(result).toMatchObject(answer);
    return [anonymousId, expected, visit];
  }

  async act(anonymousId: string) {
    const what = this.#what();
    const action = { at: Date.now(), ...what };
    const expected = this.model.act(anonymousId, action, Date.now());
    const result = await this.#t.mutation(api.visitors.action.record, {
      anonymousId,
      ...what,
    });
    expect(result.ok ? "ok" : result.reason).toBe(expected);
    return [anonymousId, expected];
  }

  async end(anonymousId: string) {
    const given = {
      ...this.#random.pick([{ reason: "bye" }, {}]),
      ...this.#report(anonymousId),
    };
    const { reason, visit } = given;
    const expected = this.model.end(anonymousId, reason, Date.now(), visit);
    const { ended } = await this.#t.mutation(api.visitors.end.visit, {
      anonymousId,
      ...given,
    });
    expect(ended).toBe(expected);
    return [anonymousId, expected];
  }

  async forget(anonymousId: string) {
    const call = this.#t.mutation(api.visitors.forget.visitor, {
      anonymousId,
    });
    const isKnown = this.model.visitors.has(anonymousId);
    const expected = this.model.forget(anonymousId, Date.now());
    const result = await call;
    // A visitor who is to be forgotten is erased, whatever the hook answers.
    if (isKnown && this.runs.hookRefuses(anonymousId)) {
      expect(result.told?.error).toContain(`${anonymousId} refused`);
    }
    expect(result).toMatchObject({
      erased: expected !== null,
      actions: expected ?? 0,
    });
    return [anonymousId, expected];
  }

  async link(anonymousId: string) {
    const userId = this.#random.pick(["ada", "grace"]);
    this.model.link(anonymousId, userId, Date.now());
    await this.#t.mutation(api.visitors.link.user, {
      anonymousId,
      userId,
    });
    return [anonymousId, userId];
  }

  async unlink(anonymousId: string) {
    const expected = this.model.unlink(anonymousId, Date.now());
    const { unlinked } = await this.#t.mutation(api.visitors.link.none, {
      session: { anonymousId },
    });
    expect(unlinked).toBe(expected);
    return [anonymousId, expected];
  }

  async import() {
    const count = 1 + this.#random.below(5);
    const rows = Array.from({ length: count }, () => this.#importedRow());
    const expected = {
      created: 0,
      merged: 0,
      unchanged: 0,
      erased: 0,
      visits: 0,
      actions: 0,
    };
    for (const row of rows) {
      const { outcome, actions } = this.model.import(row, Date.now());
      expected[outcome] += 1;
      expected.actions += actions;
    }
    const result = await this.#t.mutation(api.operator.import.batch, {
      rows,
    });
    expect(result).toEqual(expected);
    return rows;
  }

  async settings() {
    const random = this.#random;
    const patch = random.pick<Partial<Policy>>([
      { idleTimeoutMs: random.pick([2, 10, 30]) * MINUTE_MS },
      { touchAfterMs: random.pick([0, 5_000, 60_000]) },
      { maxVisitMs: random.pick([5 * MINUTE_MS, DAY_MS, "never"]) },
      { retentionDays: random.pick([1, 3, 14, "never"]) },
      { maxActionsPerSession: random.pick([3, 20, 10_000]) },
      { pageSize: random.pick([1, 2, 3, 7]) },
    ]);
    Object.assign(this.model.policy, patch);
    await this.#t.mutation(api.settings.settings.change, {
      patch,
      actor: "ada",
    });
    return patch;
  }

  /** Lets time pass without any scheduled function: the deployment is busy, or down. */
  pass() {
    const ms = this.#random.pick([
      1,
      4_000,
      MINUTE_MS,
      3 * MINUTE_MS,
      31 * MINUTE_MS,
      6 * HOUR_MS,
      DAY_MS,
    ]);
    vi.setSystemTime(Date.now() + ms);
    return Promise.resolve(ms);
  }

  async startRun() {
    const kind = this.#random.pick(["expire", "purge"] as const);
    const request = { kind, actor: "ada", trigger: "operator" } as const;
    const agoMs = this.#random.pick([0, HOUR_MS, 6 * HOUR_MS, DAY_MS, null]);
    const cutoff = agoMs === null ? this.#dueCutoff(kind) : Date.now() - agoMs;
    const given = agoMs === null || cutoff === null ? {} : { cutoff };
    const call = this.#t.mutation(api.runs.control.start, {
      ...request,
      ...given,
    });
    if (cutoff === null) {
      await expect(call).rejects.toMatchObject({
        data: { kind: "retentionNever" },
      });
      return "retentionNever";
    }
    if (agoMs !== null && agoMs < this.model.policy.idleTimeoutMs) {
      await expect(call).rejects.toMatchObject({
        data: { kind: "invalidCutoff" },
      });
      return "invalidCutoff";
    }
    const running = this.runs.running(kind);
    const result = await call;
    expect(result).toMatchObject(
      running === undefined
        ? { status: "started", cutoff }
        : { status: "alreadyRunning", runId: running.runId },
    );
    if (running === undefined) {
      this.runs.started({ runId: result.runId, kind, cutoff });
    }
    await this.#follow();
    return [kind, result];
  }

  /** Lets scheduled functions run, for a while or for one timer. */
  async advance() {
    const ms = this.#random.pick([0, 40, 400, 4_000]);
    if (ms === 0) await step(this.#t);
    else await advance(this.#t, ms);
    await this.#follow();
    return ms;
  }

  async cancelRun() {
    const running = this.runs.runs.filter((run) => run.status === "running");
    if (running.length === 0) return "none is running";
    const run = this.#random.pick(running);
    const call = { runId: run.runId, actor: "ada" };
    const result = await this.#t.mutation(api.runs.control.cancel, call);
    expect(result).toEqual({ canceled: true, status: "canceled" });
    run.status = "canceled";
    return run.runId;
  }

  async resumeRun() {
    if (this.runs.runs.length === 0) return "there is none";
    const run = this.#random.pick(this.runs.runs);
    const call = { runId: run.runId, actor: "ada" };
    const resumed = this.#t.mutation(api.runs.control.resume, call);
    if (run.status !== "canceled") {
      expect(await resumed).toEqual({ resumed: false, status: run.status });
      return [run.runId, run.status];
    }
    const other = this.runs.running(run.kind);
    if (other !== undefined) {
      await expect(resumed).rejects.toMatchObject({
        data: { kind: "alreadyRunning", runId: other.runId },
      });
      return [run.runId, "another is running"];
    }
    expect(await resumed).toEqual({ resumed: true, status: "running" });
    run.status = "running";
    return [run.runId, "resumed"];
  }

  /** Mends the app's hooks, or breaks them again. */
  async toggleHooks() {
    this.#hook ??= await this.#t.run(async (ctx) => {
      const row = await ctx.db.query("settings").unique();
      return row?.onPurged ?? null;
    });
    this.runs.hooksFail = !this.runs.hooksFail;
    const hook = this.runs.hooksFail ? this.#hook : null;
    const hooks = { onExpired: hook, onPurged: hook };
    await this.#t.mutation(api.settings.settings.setHooks, hooks);
    return this.runs.hooksFail ? "broken" : "mended";
  }

  async compare(): Promise<void> {
    const rows = await expectInvariants(this.#t);
    expect(factsOfRows(rows)).toEqual(factsOfModel(this.model));
    expect(await readDays(this.#t)).toEqual(daysOf(this.model));
  }

  /** Lets all runs come to their end. */
  async finish(): Promise<void> {
    for (let seconds = 0; seconds < 200; seconds++) {
      if (!this.runs.runs.some((run) => run.status === "running")) break;
      await advance(this.#t, 1_000);
      await this.#follow();
    }
    expect(this.runs.runs.filter((run) => run.status === "running")).toEqual(
      [],
    );
    await this.compare();
  }

  async #follow(): Promise<void> {
    const rows = await readRows(this.#t);
    const ledger = await this.#t.run((ctx) => ctx.db.query("runs").collect());
    this.runs.follow(rows, ledger);
  }

  #dueCutoff(kind: RunKind): number | null {
    const { idleTimeoutMs, retentionDays } = this.model.policy;
    if (kind === "expire") return Date.now() - idleTimeoutMs;
    if (retentionDays === "never") return null;
    return Date.now() - retentionDays * DAY_MS;
  }

  /** What a page may say with a call: of this visit, of the one before, of one that never was; late, or wrong. */
  #report(anonymousId: string): { visit?: VisitReport } {
    const random = this.#random;
    if (random.below(4) === 0) return {};
    const visitor = this.model.visitors.get(anonymousId);
    const named = random.pick([
      visitor?.startedAt,
      visitor?.startedAt,
      visitor?.finished.at(-1)?.startedAt,
      START - 1,
      undefined,
    ]);
    const engagedMs = random.pick([0, 900, 12_000, 3 * MINUTE_MS, DAY_MS]);
    return {
      visit: {
        ...(named === undefined ? {} : { startedAt: named }),
        ...random.pick([{ engagedMs }, {}]),
        ...random.pick([{ isLeaving: true }, {}, {}]),
        ...random.pick([{ path: "/" }, { path: "/pricing" }, {}]),
        ...random.pick([{ referrer: "news.example.com" }, {}]),
        ...random.pick([{ utmSource: "letter" }, {}]),
        ...random.pick([{ device: "mobile" as const }, {}]),
      },
    };
  }

  #what() {
    return this.#random.pick([
      { action: "click" },
      { action: "view", resourceId: "page" },
      { action: "view", resourceId: "page", metadata: { depth: 2 } },
    ]);
  }

  #importedRow(): ImportedRow {
    const random = this.#random;
    const agoMs = [0, 10_000, 5 * MINUTE_MS, HOUR_MS, 2 * DAY_MS, 20 * DAY_MS];
    const lastActive = Date.now() - random.pick(agoMs);
    const createdAt = lastActive - random.pick([0, HOUR_MS, DAY_MS]);
    const actions = Array.from({ length: random.below(6) }, () => ({
      at: lastActive - random.pick([0, 0, 1_000]),
      ...this.#what(),
    }));
    const anonymousId = random.pick(VISITORS);
    return { anonymousId, createdAt, lastActive, actions };
  }
}
