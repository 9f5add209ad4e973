/**
 * The changes that runs may make. The model does not know when a page happens: it is given the rows as they are
 * now, and checks that every change since the last time was allowed, and, when a run has completed, that the run
 * left nothing behind.
 */
import { expect } from "vitest";
import type { Doc } from "../../../convex/sessionTracker/_generated/dataModel.js";
import type { Rows } from "../support/rows.js";
import type { ScheduleName } from "../../../convex/sessionTracker/shared/schedules.js";
import type { SessionModel, Visitor } from "./sessionModel.js";

interface KnownRun {
  runId: string;
  kind: ScheduleName;
  cutoff: number;
  status: Doc<"runs">["status"];
  startedAtStep: number;
  startedAt: number;
  /** Whether a hook could fail at any time of the run. */
  metFaults: boolean;
}

export class RunModel {
  readonly runs: KnownRun[] = [];
  hooksFail = true;
  /** The changes by all runs together, as seen in the rows. */
  readonly done = { expired: 0, purged: 0, actions: 0 };
  readonly #model: SessionModel;

  constructor(model: SessionModel) {
    this.#model = model;
  }

  running(kind: ScheduleName): KnownRun | undefined {
    return this.runs.find(
      (run) => run.kind === kind && run.status === "running",
    );
  }

  started(run: { runId: string; kind: ScheduleName; cutoff: number }): void {
    const begin = { startedAtStep: this.#model.step, startedAt: Date.now() };
    this.runs.push({ ...run, ...begin, status: "running", metFaults: false });
  }

  hookRefuses(id: string): boolean {
    return this.hooksFail && isPoison(id);
  }

  /** Takes over the changes that runs made since the last time, which must be allowed ones. */
  follow(rows: Rows, ledger: Doc<"runs">[]): void {
    const active = this.runs.filter((run) => run.status === "running");
    for (const run of active) run.metFaults ||= this.hooksFail;
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
    expect(this.#mayTake(["purge"], visitor), `actions of ${id}`).toBe(true);
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
    expect(this.#mayTake(["purge"], visitor), `visits of ${id}`).toBe(true);
    visitor.finished = visitor.finished.slice(gone);
  }

  #purge(id: string, visitor: Visitor): void {
    expect(this.#mayTake(["purge"], visitor), `purged ${id}`).toBe(true);
    expect(this.hookRefuses(id), `purged ${id}`).toBe(false);
    this.#model.visitors.delete(id);
    this.done.purged += 1;
  }

  #mayTake(kinds: ScheduleName[], visitor: Visitor): boolean {
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
      .filter(([, visitor]) => this.#model.isDue(run, visitor, run.startedAt))
      .filter(([id]) => !(run.metFaults && isPoison(id)));
    expect(left, `${run.kind} run ${run.runId} completed`).toEqual([]);
  }

  #expectCounts(ledger: Doc<"runs">[]): void {
    const counted = { expired: 0, purged: 0, actions: 0 };
    for (const run of ledger) {
      counted.expired += run.kind === "expire" ? run.sessions : run.leases;
      counted.purged += run.kind === "purge" ? run.sessions : 0;
      counted.actions += run.actions;
    }
    expect(counted, "what the ledger counts").toEqual(this.done);
  }
}

/** Whether the hook of the tests fails for a visitor. */
function isPoison(id: string): boolean {
  return id.startsWith("poison");
}
