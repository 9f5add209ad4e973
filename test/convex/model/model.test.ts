/**
 * Thousands of random operations, against a model: visitors, operators, runs that are started,
 * canceled midway, resumed, whose pages fail because of an app's hook, in any order. After each
 * batch all rows and counters must be those of the model.
 *
 * A failure names its seed and the last operations. `MODEL_SEED=7 npx vitest run model` replays one.
 */
import { afterAll, expect, test, vi } from "vitest";
import { step } from "../support/clock.js";
import { allHooks, setUpWithFaults } from "../support/faults.js";
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
import type { RunKind } from "../../../convex/sessionTracker/shared/runs/kinds.js";
import { Coverage } from "./coverage.js";
import { drawAction, drawReport, drawRow, START, VISITORS } from "./draw.js";
import { daysOf, factsOfModel, factsOfRows } from "./facts.js";
import { blockOf, drawMany } from "./manyRuns.js";
import { RunModel } from "./runModel.js";
import { SessionModel } from "./sessionModel.js";

const OPERATIONS = 550;
const COMPARE_EVERY = 25;

const replayed = process.env["MODEL_SEED"];
const seeds = replayed === undefined ? [1, 2, 3, 4, 5, 6] : [Number(replayed)];

const coverage = new Coverage();

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
    coverage.add(driver.runs.done, driver.history);
  },
  60_000,
);

afterAll(() => {
  if (replayed === undefined) coverage.expectAll(Object.keys(WEIGHTS));
});

/** The weight with which each operation is chosen. */
const WEIGHTS = {
  heartbeat: 30,
  act: 30,
  end: 6,
  forget: 5,
  link: 5,
  unlink: 2,
  endByOperator: 6,
  unblock: 1,
  import: 8,
  settings: 3,
  pass: 12,
  startRun: 10,
  startMany: 5,
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
    const given = drawReport(
      this.#random,
      this.model.visitors.get(anonymousId),
    );
    const { visit } = given;
    const expected = this.model.heartbeat(anonymousId, Date.now(), visit);
    const result = await this.#t.mutation(api.visitors.heartbeat.beat, {
      anonymousId,
      ...given,
    });
    if (expected === "revoked") {
      expect(result).toEqual(this.#revoked(anonymousId));
      return [anonymousId, expected];
    }
    const { startedAt } = this.model.get(anonymousId);
    const answer = { ok: true, state: expected, visitStartedAt: startedAt };
    expect(result).toMatchObject(answer);
    return [anonymousId, expected, visit];
  }

  async act(anonymousId: string) {
    const what = drawAction(this.#random);
    const action = { at: Date.now(), ...what };
    const expected = this.model.act(anonymousId, action, Date.now());
    const result = await this.#t.mutation(api.visitors.action.record, {
      anonymousId,
      ...what,
    });
    const reason = result.ok ? "ok" : result.reason;
    const retryAfterMs = "retryAfterMs" in result ? result.retryAfterMs : 0;
    const isOfMinute = reason === "tooManyActions" && retryAfterMs !== 0;
    const wait = isOfMinute ? ` for ${Number(retryAfterMs)} ms` : "";
    expect(`${reason}${wait}`).toBe(expected);
    if (expected === "revoked") {
      expect(result).toEqual(this.#revoked(anonymousId));
    }
    return [anonymousId, expected];
  }

  async end(anonymousId: string) {
    const given = {
      ...this.#random.pick([{ reason: "bye" }, {}]),
      ...drawReport(this.#random, this.model.visitors.get(anonymousId)),
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
    const args = { anonymousId, userId };
    const call = this.#t.mutation(api.visitors.link.user, args);
    if (this.model.isBlocked(anonymousId, Date.now())) {
      await expect(call).rejects.toMatchObject({ data: { kind: "revoked" } });
      return [anonymousId, "revoked"];
    }
    const isSame = this.model.visitors.get(anonymousId)?.userId === userId;
    if (!isSame && this.runs.hookRefuses(anonymousId)) {
      await expect(call).rejects.toThrow(`${anonymousId} refused`);
      return [anonymousId, "refused"];
    }
    this.model.link(anonymousId, userId, Date.now());
    await call;
    return [anonymousId, userId];
  }

  async unlink(anonymousId: string) {
    const session = { anonymousId };
    const call = this.#t.mutation(api.visitors.link.none, { session });
    const isLinked = this.model.visitors.get(anonymousId)?.userId !== undefined;
    if (isLinked && this.runs.hookRefuses(anonymousId)) {
      await expect(call).rejects.toThrow(`${anonymousId} refused`);
      return [anonymousId, "refused"];
    }
    const expected = this.model.unlink(anonymousId, Date.now());
    expect((await call).unlinked).toBe(expected);
    return [anonymousId, expected];
  }

  /** The hook `onEnded` may fail, which keeps nobody from being ended or blocked. */
  async endByOperator(anonymousId: string) {
    const random = this.#random;
    const forMs = random.pick([MINUTE_MS, HOUR_MS, 2 * DAY_MS]);
    const how = {
      ...random.pick([{ reason: "stolen" }, {}]),
      ...random.pick([{ block: { forMs } }, { block: "forever" as const }, {}]),
    };
    const now = Date.now();
    const before = this.model.blockOf(anonymousId, now);
    const { block, reason } = { block: undefined, reason: undefined, ...how };
    const asked =
      block === undefined || block === "forever" ? block : now + block.forMs;
    const ended = this.model.endByOperator(anonymousId, reason, asked, now);
    const isKnown = this.model.visitors.has(anonymousId);
    const result = await this.#t.mutation(api.visitors.block.end, {
      session: { anonymousId },
      ...how,
    });
    const blockedUntil = isKnown ? (asked ?? before) : null;
    expect(result).toMatchObject({ ended, blockedUntil });
    return [anonymousId, how, result];
  }

  /** Somebody who is blocked, where there is anybody. */
  async unblock(anyone: string) {
    const now = Date.now();
    const blocked = [...this.model.visitors.keys()].filter((id) =>
      this.model.isBlocked(id, now),
    );
    const anonymousId =
      blocked.length === 0 ? anyone : this.#random.pick(blocked);
    const session = { anonymousId };
    const expected = this.model.unblock(anonymousId, now);
    const result = await this.#t.mutation(api.visitors.block.lift, { session });
    expect(result.unblocked).toBe(expected);
    return [anonymousId, expected];
  }

  async import() {
    const count = 1 + this.#random.below(5);
    const rows = Array.from({ length: count }, () => drawRow(this.#random));
    const expected = {
      created: 0,
      merged: 0,
      unchanged: 0,
      erased: 0,
      visits: 0,
      actions: 0,
    };
    const asked = { actor: "ada", reason: "the wrong one was forgotten" };
    const restoreErased = this.#random.below(8) === 0 ? asked : undefined;
    if (restoreErased !== undefined) this.model.restore(rows);
    for (const row of rows) {
      const { outcome, actions } = this.model.import(row, Date.now());
      expected[outcome] += 1;
      expected.actions += actions;
    }
    const result = await this.#t.mutation(api.operator.import.batch, {
      rows,
      ...(restoreErased === undefined ? {} : { restoreErased }),
    });
    expect(result).toEqual(expected);
    return [restoreErased, rows, result];
  }

  async settings() {
    const random = this.#random;
    const patch = random.pick<Partial<Policy>>([
      { idleTimeoutMs: random.pick([2, 10, 30]) * MINUTE_MS },
      { touchAfterMs: random.pick([0, 5_000, 60_000]) },
      { maxVisitMs: random.pick([5 * MINUTE_MS, DAY_MS, "never"]) },
      { retentionDays: random.pick([1, 3, 14, "never"]) },
      { maxActionsPerSession: random.pick([3, 20, 10_000]) },
      { maxActionsPerMinute: random.pick([1, 3, 120, "never"]) },
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
    if (this.#wouldMix(kind)) return "a forget is under way";
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

  async startMany() {
    const now = Date.now();
    const { run, asked } = drawMany(this.#random, now);
    if (this.#wouldMix(run.kind)) return "a purge is under way";
    const running = this.runs.running(run.kind);
    const result = await this.#t.mutation(api.runs.control.start, {
      ...asked,
      ...{ actor: "ada", trigger: "operator" },
    });
    const { runId } = result;
    expect(result).toMatchObject(
      running === undefined
        ? { status: "started", cutoff: now }
        : { status: "alreadyRunning", runId: running.runId },
    );
    if (running === undefined) {
      this.runs.started({ runId, kind: run.kind, cutoff: now, many: run });
    }
    await this.#follow();
    return [asked, result];
  }

  /** Lets scheduled functions run, for a while or for one timer. */
  async advance() {
    const ms = this.#random.pick([0, 40, 400, 4_000]);
    await this.#pass(ms);
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
    if (this.#wouldMix(run.kind)) return "its counterpart is under way";
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
    if (run.many?.blockedUntil && !blockOf(run.many, Date.now())) {
      await expect(resumed).rejects.toMatchObject({
        data: { kind: "invalidArgument", argument: "runId" },
      });
      return [run.runId, "its block is over"];
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
    await this.#t.mutation(api.settings.settings.setHooks, allHooks(hook));
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
      await this.#pass(1_000);
    }
    expect(this.runs.runs.filter((run) => run.status === "running")).toEqual(
      [],
    );
    await this.compare();
  }

  /** The answer to a visitor who is blocked. */
  #revoked(anonymousId: string) {
    const until = this.model.blockOf(anonymousId, Date.now());
    const answer = { ok: false, reason: "revoked" };
    if (typeof until !== "number") return answer;
    return { ...answer, retryAfterMs: until - Date.now() };
  }

  /** The rows do not tell a purge from a forget. */
  #wouldMix(kind: RunKind): boolean {
    const other = { purge: "forget", forget: "purge" } as const;
    return (
      (kind === "purge" || kind === "forget") &&
      this.runs.running(other[kind]) !== undefined
    );
  }

  /** While an end or a forget goes, the model looks after each timer: what they write depends on the time. */
  async #pass(ms: number): Promise<void> {
    let arrived = ms === 0;
    setTimeout(() => {
      arrived = true;
    }, ms);
    do {
      await step(this.#t);
      const isLast = arrived;
      const isTimed = this.runs.running("end") ?? this.runs.running("forget");
      if (isLast || isTimed !== undefined) await this.#follow();
    } while (!arrived);
  }

  async #follow(): Promise<void> {
    const rows = await readRows(this.#t);
    const ledger = await this.#t.run((ctx) => ctx.db.query("runs").collect());
    this.runs.follow(rows, ledger);
  }

  #dueCutoff(kind: "expire" | "purge"): number | null {
    const { idleTimeoutMs, retentionDays } = this.model.policy;
    if (kind === "expire") return Date.now() - idleTimeoutMs;
    if (retentionDays === "never") return null;
    return Date.now() - retentionDays * DAY_MS;
  }
}
