/**
 * The changes that runs may make. The model does not know when a page happens: it is given the rows as they are
 * now, and checks that every change since the last time was allowed, and, when a run has completed, that the run
 * left nothing behind.
 */
import { expect } from "vitest";
import type { Doc } from "../../../convex/sessionTracker/_generated/dataModel.js";
import type { Rows } from "../support/rows.js";
import type { RunKind } from "../../../convex/sessionTracker/shared/runs/kinds.js";
import { isDueToMany, type ManyRun } from "./manyRuns.js";
import type { SessionModel, Visitor } from "./sessionModel.js";

interface StartedRun {
  runId: string;
  kind: RunKind;
  cutoff: number;
  /** Of an `end` or a `forget`. */
  many?: ManyRun;
}

interface KnownRun extends StartedRun {
  status: Doc<"runs">["status"];
  startedAtStep: number;
  startedAt: number;
  /** Those who were due to an `end` or a `forget` when it started. */
  dueAtStart: Set<string>;
  /** Whether a hook could fail at any time of the run. */
  metFaults: boolean;
}

export class RunModel {
  readonly runs: KnownRun[] = [];
  hooksFail = true;
  /** The changes by all runs together, as seen in the rows. */
  readonly done = { expired: 0, purged: 0, ended: 0, erased: 0, actions: 0 };
  /** How many an `end` or a `forget` took whom another run may have taken since the last look. */
  #hidden = { expired: 0, ended: 0 };
  readonly #model: SessionModel;

  constructor(model: SessionModel) {
    this.#model = model;
  }

  running(kind: RunKind): KnownRun | undefined {
    return this.runs.find(
      (run) => run.kind === kind && run.status === "running",
    );
  }

  started(run: StartedRun): void {
    const now = Date.now();
    const { many } = run;
    const due = [...this.#model.visitors].filter(
      ([, visitor]) => many !== undefined && isDueToMany(many, visitor, now),
    );
    this.runs.push({
      ...run,
      startedAtStep: this.#model.step,
      startedAt: now,
      dueAtStart: new Set(due.map(([id]) => id)),
      status: "running",
      metFaults: false,
    });
  }

  hookRefuses(id: string): boolean {
    return this.hooksFail && isPoison(id);
  }

  /** Takes over the changes that runs made since the last time, which must be allowed ones. */
  follow(rows: Rows, ledger: Doc<"runs">[]): void {
    const active = this.runs.filter((run) => run.status === "running");
    for (const run of active) run.metFaults ||= this.hooksFail;
    this.#hidden = { expired: 0, ended: 0 };
    this.#followRows(rows);
    for (const run of active) {
      const row = ledger.find(({ _id }) => _id === run.runId);
      expect(["running", "completed"]).toContain(row?.status);
      if (row?.status !== "completed") continue;
      run.status = "completed";
      this.#expectNothingLeft(run);
    }
    this.#expectCounts(ledger);
  }

  #followRows(rows: Rows): void {
    const sessions = new Map(
      rows.sessions.map((row) => [row.anonymousId, row]),
    );
    const actionsOf = new Map<string, number>();
    for (const { session } of rows.actions) {
      actionsOf.set(session, (actionsOf.get(session) ?? 0) + 1);
    }
    for (const [id, visitor] of this.#model.visitors) {
      const row = sessions.get(id);
      if (row === undefined && this.#isDueTo("forget", visitor)) {
        this.#erase(id, visitor);
        continue;
      }
      if (row !== undefined) this.#followEnds(id, visitor, row);
      if (visitor.state === "active" && row?.state !== "active") {
        this.#expire(id, visitor);
      }
      const left = row === undefined ? 0 : (actionsOf.get(row._id) ?? 0);
      const gone = visitor.actions.length - left;
      if (gone > 0) this.#deleteActions(id, visitor, gone);
      if (row !== undefined) this.#followVisits(id, visitor, row);
      if (row === undefined) this.#purge(id, visitor);
    }
  }

  #expire(id: string, visitor: Visitor): void {
    expect(this.#mayTake(["expire", "purge"], visitor), `expired ${id}`).toBe(
      true,
    );
    expect(this.hookRefuses(id), `expired ${id}`).toBe(false);
    this.#model.expire(visitor);
    this.done.expired += 1;
  }

  /** The oldest go first; a session that does not fit a page loses some before it goes itself. */
  #deleteActions(id: string, visitor: Visitor, count: number) {
    expect(this.#mayDelete(visitor), `actions of ${id}`).toBe(true);
    visitor.actions = visitor.actions
      .toSorted((a, b) => a.at - b.at)
      .slice(count);
    this.done.actions += count;
  }

  /** As with actions: a session that does not fit a page may lose visits first, but never its last one. */
  #followVisits(id: string, visitor: Visitor, row: Doc<"sessions">): void {
    const { visitRows = 0, lastVisit } = row;
    const left = visitRows + (lastVisit === undefined ? 0 : 1);
    const gone = visitor.finished.length - left;
    if (gone <= 0) return;
    expect(this.#mayDelete(visitor), `visits of ${id}`).toBe(true);
    visitor.finished = visitor.finished.slice(gone);
  }

  #purge(id: string, visitor: Visitor): void {
    expect(this.#mayTake(["purge"], visitor), `purged ${id}`).toBe(true);
    expect(this.hookRefuses(id), `purged ${id}`).toBe(false);
    this.#model.visitors.delete(id);
    this.done.purged += 1;
  }

  /** An end may block whoever is not active, too. No hook keeps it from that. */
  #followEnds(id: string, visitor: Visitor, row: Doc<"sessions">): void {
    const isEnded = row.state === "ended" && visitor.state !== "ended";
    const isBlocked =
      row.blockedUntil !== undefined &&
      row.blockedUntil !== visitor.blockedUntil;
    if (!isEnded && !isBlocked) return;
    // An expire run may have come by just before.
    if (visitor.state === "active" && row.lastVisit?.why === "idle") {
      this.#expire(id, visitor);
    }
    expect(this.#isDueTo("end", visitor), `ended ${id}`).toBe(true);
    const many = this.running("end")?.many;
    // A block that was over before the run came is written down, and blocks nobody.
    this.#model.endByOperator(id, many?.reason, many?.blockedUntil, Date.now());
    this.done.ended += 1;
  }

  #erase(id: string, visitor: Visitor): void {
    if (this.#mayTake(["expire"], visitor)) this.#hidden.expired += 1;
    if (this.#isDueTo("end", visitor)) this.#hidden.ended += 1;
    this.done.actions += visitor.actions.length;
    this.#model.forget(id, Date.now());
    this.done.erased += 1;
  }

  #isDueTo(kind: "end" | "forget", visitor: Visitor): boolean {
    const many = this.running(kind)?.many;
    return many !== undefined && isDueToMany(many, visitor, Date.now());
  }

  #mayDelete(visitor: Visitor): boolean {
    return (
      this.#mayTake(["purge"], visitor) || this.#isDueTo("forget", visitor)
    );
  }

  #mayTake(kinds: RunKind[], visitor: Visitor): boolean {
    return kinds.some((kind) => {
      const run = this.running(kind);
      return run !== undefined && this.#model.isDue(run, visitor, Date.now());
    });
  }

  /**
   * Of what was due when it started; who moved since may have moved behind its cursor, and whoever was blocked at any
   * time since may have been passed over.
   */
  #expectNothingLeft(run: KnownRun): void {
    const left = [...this.#model.visitors]
      .filter(([, visitor]) => visitor.changedAt < run.startedAtStep)
      .filter(([id, visitor]) => this.#isLeft(run, id, visitor));
    expect(left, `${run.kind} run ${run.runId} completed`).toEqual([]);
  }

  #isLeft(run: KnownRun, id: string, visitor: Visitor): boolean {
    const { many, startedAt, startedAtStep } = run;
    if (many === undefined) {
      const isDue = this.#model.isDue(run, visitor, startedAt);
      return isDue && !(run.metFaults && isPoison(id));
    }
    // Time itself may have made somebody due to it, or due no longer.
    const { movedAt = 0 } = visitor;
    return (
      movedAt < startedAtStep &&
      run.dueAtStart.has(id) &&
      isDueToMany(many, visitor, Date.now())
    );
  }

  #expectCounts(ledger: Doc<"runs">[]): void {
    const counted = { expired: 0, purged: 0, ended: 0, erased: 0, actions: 0 };
    for (const run of ledger) {
      if (run.kind === "expire") counted.expired += run.sessions;
      if (run.kind === "purge") counted.expired += run.leases;
      if (run.kind === "end") counted.ended += run.sessions;
      if (run.kind === "forget") counted.erased += run.sessions;
      counted.purged += run.kind === "purge" ? run.sessions : 0;
      counted.actions += run.actions;
    }
    for (const key of ["expired", "ended"] as const) {
      const gap = counted[key] - this.done[key];
      if (gap > 0 && gap <= this.#hidden[key]) this.done[key] += gap;
    }
    expect(counted, "what the ledger counts").toEqual(this.done);
  }
}

/** Whether the hook of the tests fails for a visitor. */
function isPoison(id: string): boolean {
  return id.startsWith("poison");
}
