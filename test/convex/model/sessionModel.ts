import type { Action } from "../../../convex/sessionTracker/shared/sessions.js";
import type { RunKind } from "../../../convex/sessionTracker/shared/runs/kinds.js";
import type { Policy } from "../../../convex/sessionTracker/shared/settings.js";
import type {
  Entry,
  Visit,
  VisitReport,
} from "../../../convex/sessionTracker/shared/visits.js";
/**
 * The component's promises, said as simply as possible: one object for each visitor, no tables, no counters.
 * `model.test.ts` drives this model beside the component and compares the two.
 */

export interface Visitor {
  createdAt: number;
  lastActive: number;
  state: "active" | "expired" | "ended";
  visits: number;
  endReason: string | undefined;
  userId: string | undefined;
  /** Whoever was linked when the visit under way was over, where somebody else has been since. */
  former?: { userId: string | undefined } | undefined;
  /** The settings as they were when the visit started. */
  touchAfterMs: number;
  idleTimeoutMs: number;
  maxVisitMs: number | "never";
  /** The visit under way, or the last one. */
  startedAt: number;
  engagedMs: number;
  engagedAt: number;
  entry: Entry | undefined;
  path: string | undefined;
  /** The visits that are over, oldest first. */
  finished: Visit[];
  firstEntry: Entry | undefined;
  actions: Action[];
  /** The actions done in the current visit; imported actions belong to no visit. */
  actionsOfVisit: number;
  /** The minute of actions under way in the visit under way, and the one that the session keeps for the next. */
  minute?: ActionMinute | undefined;
  keptMinute?: ActionMinute | undefined;
  /** When the block ends; of one that is over, too, until the visitor comes back. */
  blockedUntil?: number | "forever" | undefined;
  /** The step of the test that last moved this visitor, and the one that last changed user or creation. */
  changedAt: number;
  movedAt?: number;
}

interface ActionMinute {
  startedAt: number;
  actions: number;
}

export interface ImportedRow {
  anonymousId: string;
  createdAt: number;
  lastActive: number;
  actions: Action[];
}

export class SessionModel {
  readonly visitors = new Map<string, Visitor>();
  /** Every visit that has closed, also of visitors who were purged or forgotten since. */
  readonly closed: { visit: Visit; isFirst: boolean }[] = [];
  /** When each visitor was last forgotten. */
  readonly #erasedAt = new Map<string, number>();
  policy: Policy;
  step = 0;

  constructor(policy: Policy) {
    this.policy = policy;
  }

  heartbeat(id: string, now: number, report: VisitReport = {}) {
    const visitor = this.visitors.get(id);
    if (visitor === undefined) return this.#create(id, now, report);
    if (isBlocked(visitor, now)) return "revoked";
    if (visitor.state !== "active" || isOver(visitor, now)) {
      return this.#startVisit(visitor, now, report);
    }
    const { startedAt } = visitor;
    if (report.startedAt !== undefined && report.startedAt < startedAt) {
      this.#credit(visitor, report, startedAt);
    }
    const isFresh = now - visitor.lastActive < visitor.touchAfterMs;
    const entry = visitor.entry === undefined ? entryOf(report) : undefined;
    const { path = visitor.path } = report;
    const gained = engagementGained(visitor, report, now);
    const isNews = gained > 0 || path !== visitor.path || entry !== undefined;
    const isWritten = entry !== undefined || (report.isLeaving && isNews);
    if (isFresh && !isWritten) return "unchanged";
    this.#touch(visitor, now);
    if (gained > 0) visitor.engagedAt = now;
    visitor.engagedMs += gained;
    visitor.path = path;
    visitor.entry ??= entry;
    if (visitor.visits === 1) visitor.firstEntry ??= entry;
    return "touched";
  }

  act(id: string, action: Action, now: number) {
    const known = this.visitors.get(id);
    if (known !== undefined && isBlocked(known, now)) return "revoked";
    const recorded = known?.actions.length ?? 0;
    const { maxActionsPerSession, maxActionsPerMinute } = this.policy;
    if (recorded >= maxActionsPerSession) return "tooManyActions";
    const last = known?.state === "active" ? known.minute : known?.keptMinute;
    const minute = underWay(last, now) ?? { startedAt: now, actions: 0 };
    if (minute.actions >= Number(maxActionsPerMinute)) {
      return `tooManyActions for ${minute.startedAt + 60_000 - now} ms`;
    }
    this.heartbeat(id, now);
    const visitor = this.get(id);
    visitor.minute = { ...minute, actions: minute.actions + 1 };
    this.#touch(visitor, now);
    visitor.actions.push(action);
    visitor.actionsOfVisit += 1;
    return "ok";
  }

  end(
    id: string,
    reason: string | undefined,
    now: number,
    report: VisitReport = {},
  ): boolean {
    const visitor = this.visitors.get(id);
    if (visitor === undefined) return false;
    if (visitor.state !== "active") {
      if (visitor.state === "expired") this.#credit(visitor, report, now);
      const { endedAt = 0 } = visitor.finished.at(-1) ?? {};
      visitor.lastActive = Math.max(visitor.lastActive, endedAt);
      return false;
    }
    if (!isIdle(visitor, now)) visitor.lastActive = now;
    visitor.lastActive = this.#close(visitor, "ended", report, now).endedAt;
    visitor.state = "ended";
    visitor.endReason = reason;
    visitor.actionsOfVisit = 0;
    visitor.keptMinute = underWay(visitor.minute, now) ?? visitor.keptMinute;
    visitor.changedAt = this.step;
    return true;
  }

  /** An end by an operator, or by the app. Returns whether a visit was under way. */
  endByOperator(
    id: string,
    reason: string | undefined,
    blockedUntil: number | "forever" | undefined,
    now: number,
  ): boolean {
    const visitor = this.visitors.get(id);
    if (visitor === undefined) return false;
    const wasActive = visitor.state === "active";
    if (wasActive) this.end(id, reason, now);
    if (blockedUntil === undefined) return wasActive;
    visitor.state = "ended";
    visitor.blockedUntil = blockedUntil;
    visitor.endReason = reason ?? visitor.endReason;
    visitor.changedAt = this.step;
    return wasActive;
  }

  isBlocked(id: string, now: number): boolean {
    return this.blockOf(id, now) !== null;
  }

  /** When the block that is in force ends; `null` where there is none. */
  blockOf(id: string, now: number): number | "forever" | null {
    const visitor = this.visitors.get(id);
    if (visitor === undefined || !isBlocked(visitor, now)) return null;
    return visitor.blockedUntil ?? null;
  }

  /** Returns whether a block was in force. */
  unblock(id: string, now: number): boolean {
    const visitor = this.visitors.get(id);
    if (visitor === undefined || !isBlocked(visitor, now)) return false;
    visitor.blockedUntil = undefined;
    visitor.changedAt = this.step;
    return true;
  }

  /** Erases a visitor; returns how many actions were erased, `null` where there is no such visitor. */
  forget(id: string, now: number): number | null {
    const visitor = this.visitors.get(id);
    // The figures of the day know of the visit, though nothing else does.
    if (visitor?.state === "active") this.#close(visitor, "ended");
    if (visitor !== undefined) this.#erasedAt.set(id, now);
    this.visitors.delete(id);
    return visitor?.actions.length ?? null;
  }

  link(id: string, userId: string, now: number): void {
    if (!this.visitors.has(id)) this.#create(id, now);
    this.#hand(this.get(id), userId, now);
  }

  /** Returns whether the visitor was linked to anybody. */
  unlink(id: string, now: number): boolean {
    const visitor = this.visitors.get(id);
    if (visitor?.userId === undefined) return false;
    this.#hand(visitor, undefined, now);
    return true;
  }

  /** Takes back that the visitors of rows were forgotten since. */
  restore(rows: ImportedRow[]): void {
    for (const { anonymousId, createdAt } of rows) {
      const at = this.#erasedAt.get(anonymousId) ?? -Infinity;
      if (createdAt <= at) this.#erasedAt.delete(anonymousId);
    }
  }

  import(row: ImportedRow, now: number) {
    const erasedAt = this.#erasedAt.get(row.anonymousId) ?? -Infinity;
    if (row.createdAt <= erasedAt) {
      return { outcome: "erased" as const, actions: 0 };
    }
    const known = this.visitors.get(row.anonymousId);
    if (known === undefined) {
      this.#create(row.anonymousId, row.lastActive);
      const visitor = this.get(row.anonymousId);
      visitor.createdAt = row.createdAt;
      visitor.actions.push(...row.actions);
      if (isIdle(visitor, now)) visitor.state = "expired";
      return { outcome: "created" as const, actions: row.actions.length };
    }
    const before = JSON.stringify([known.createdAt, known.lastActive]);
    if (row.createdAt < known.createdAt) known.movedAt = this.step;
    known.createdAt = Math.min(known.createdAt, row.createdAt);
    if (row.lastActive > known.lastActive) {
      this.#importLater(known, row.lastActive, now);
    }
    const missing = missingActions(known.actions, row.actions);
    known.actions.push(...missing);
    const after = JSON.stringify([known.createdAt, known.lastActive]);
    const isSame = before === after && missing.length === 0;
    return {
      outcome: isSame ? ("unchanged" as const) : ("merged" as const),
      actions: missing.length,
    };
  }

  /** Whether a run of this kind may take the visitor. */
  isDue(
    { kind, cutoff }: { kind: RunKind; cutoff: number },
    visitor: Visitor,
    now: number,
  ): boolean {
    if (visitor.lastActive >= cutoff) return false;
    if (kind === "purge") return !isBlocked(visitor, now);
    return visitor.state === "active";
  }

  expire(visitor: Visitor): void {
    this.#close(visitor, "idle");
    visitor.state = "expired";
    visitor.actionsOfVisit = 0;
  }

  get(id: string): Visitor {
    const visitor = this.visitors.get(id);
    if (visitor === undefined) throw new Error(`The model has no ${id}.`);
    return visitor;
  }

  #create(id: string, at: number, report: VisitReport = {}) {
    const { touchAfterMs, idleTimeoutMs, maxVisitMs } = this.policy;
    this.visitors.set(id, {
      createdAt: at,
      lastActive: at,
      state: "active",
      visits: 1,
      endReason: undefined,
      userId: undefined,
      touchAfterMs,
      idleTimeoutMs,
      maxVisitMs,
      ...unengaged(at, report),
      finished: [],
      firstEntry: entryOf(report),
      actions: [],
      actionsOfVisit: 0,
      changedAt: this.step,
    });
    return "created" as const;
  }

  #startVisit(visitor: Visitor, at: number, report: VisitReport = {}) {
    if (visitor.state === "active") {
      const why = isIdle(visitor, at) ? "idle" : "maximum";
      this.#close(visitor, why, report, at);
      visitor.minute = underWay(visitor.minute, at);
    } else {
      this.#credit(visitor, report, at);
      visitor.minute = underWay(visitor.keptMinute, at);
      visitor.keptMinute = undefined;
    }
    const { touchAfterMs, idleTimeoutMs, maxVisitMs } = this.policy;
    Object.assign(visitor, {
      state: "active",
      lastActive: at,
      visits: visitor.visits + 1,
      endReason: undefined,
      blockedUntil: undefined,
      touchAfterMs,
      idleTimeoutMs,
      maxVisitMs,
      ...unengaged(at, report),
      actionsOfVisit: 0,
      changedAt: this.step,
    });
    return "revived" as const;
  }

  #close(
    visitor: Visitor,
    why: Visit["why"],
    report: VisitReport = {},
    now = visitor.lastActive,
  ): Visit {
    const { startedAt, lastActive, entry, path, former = visitor } = visitor;
    const { userId } = former;
    visitor.former = undefined;
    const visit = {
      startedAt,
      endedAt: lastActive,
      engagedMs: visitor.engagedMs,
      actions: visitor.actionsOfVisit,
      ...(entry === undefined ? {} : { entry }),
      ...(path === undefined ? {} : { exitPath: path }),
      why,
      ...(userId === undefined ? {} : { userId }),
    };
    // A heartbeat that names no visit tells of the next.
    const named = why === "ended" ? { startedAt, ...report } : report;
    credit(visit, named, now, visitor.maxVisitMs);
    visitor.finished.push(visit);
    this.closed.push({ visit, isFirst: visitor.visits === 1 });
    return visit;
  }

  /** What came too late for the visit that a run has closed, or its visitor, is still added to it. */
  #credit({ finished }: Visitor, report: VisitReport, until: number): void {
    const last = finished.at(-1);
    if (last !== undefined) credit(last, report, until, this.policy.maxVisitMs);
  }

  /** A visit that was over by then stays that of whoever was linked before. */
  #hand(visitor: Visitor, userId: string | undefined, now: number): void {
    if (visitor.userId === userId) return;
    if (visitor.state === "active" && isOver(visitor, now)) {
      visitor.former ??= { userId: visitor.userId };
    }
    visitor.userId = userId;
    visitor.movedAt = this.step;
  }

  #touch(visitor: Visitor, at: number): void {
    visitor.lastActive = at;
    visitor.changedAt = this.step;
  }

  #importLater(visitor: Visitor, lastActive: number, now: number): void {
    if (isBlocked(visitor, now)) {
      // It stays ended, for the same reason.
      this.#touch(visitor, lastActive);
      return;
    }
    const isOld = now - lastActive > this.policy.idleTimeoutMs;
    const goesOn = visitor.state === "active" && !isOver(visitor, lastActive);
    if (!isOld && !goesOn) {
      const { keptMinute } = visitor;
      this.#startVisit(visitor, lastActive);
      // An import knows of no minute, and leaves the one that the session keeps.
      Object.assign(visitor, { minute: undefined, keptMinute });
      return;
    }
    if (visitor.state === "active" && !goesOn) {
      const why = isIdle(visitor, lastActive) ? "idle" : "maximum";
      this.#close(visitor, why);
    }
    this.#touch(visitor, lastActive);
    visitor.endReason = undefined;
    if (goesOn) return;
    visitor.blockedUntil = undefined;
    visitor.state = "expired";
    visitor.actionsOfVisit = 0;
  }
}

/** What the page adds to the visit under way, in ms: no more than the clock allows. */
function engagementGained(
  visitor: Visitor,
  report: VisitReport,
  at: number,
): number {
  const { startedAt = visitor.startedAt, engagedMs = 0 } = report;
  if (startedAt !== visitor.startedAt) return 0;
  const most = Math.min(engagedMs - visitor.engagedMs, at - visitor.engagedAt);
  return Math.max(0, most);
}

/** Adds what is told of a visit once it is over; it ends later where somebody was there for longer than it seemed. */
function credit(
  visit: Visit,
  report: VisitReport,
  until: number,
  maxVisitMs: number | "never",
): void {
  const { startedAt, engagedMs = 0 } = report;
  if (startedAt !== visit.startedAt) return;
  const lengthMs = visit.endedAt - startedAt;
  const mostMs = maxVisitMs === "never" ? Infinity : maxVisitMs;
  const passedMs = Math.max(lengthMs, until - startedAt);
  const total = Math.min(engagedMs, passedMs, Math.max(mostMs, lengthMs));
  if (total <= visit.engagedMs) return;
  visit.engagedMs = total;
  visit.endedAt = Math.max(visit.endedAt, startedAt + total);
}

function unengaged(at: number, report: VisitReport) {
  return {
    startedAt: at,
    engagedMs: 0,
    engagedAt: at,
    entry: entryOf(report),
    path: report.path,
  };
}

function entryOf({ path, referrer, utmSource, device }: VisitReport) {
  const entry: Entry = {
    ...(path === undefined ? {} : { path }),
    ...(referrer === undefined ? {} : { referrer }),
    ...(utmSource === undefined ? {} : { utmSource }),
    ...(device === undefined ? {} : { device }),
  };
  return Object.keys(entry).length === 0 ? undefined : entry;
}

export function isBlocked({ blockedUntil }: Visitor, now: number): boolean {
  return blockedUntil === "forever" || (blockedUntil ?? 0) > now;
}

function underWay(
  minute: ActionMinute | undefined,
  now: number,
): ActionMinute | undefined {
  if (minute === undefined || minute.startedAt > now) return undefined;
  return now - minute.startedAt < 60_000 ? minute : undefined;
}

function isOver(visitor: Visitor, now: number): boolean {
  const { startedAt, maxVisitMs } = visitor;
  return (
    isIdle(visitor, now) ||
    (maxVisitMs !== "never" && now - startedAt >= maxVisitMs)
  );
}

export function isIdle(visitor: Visitor, now: number): boolean {
  return now - visitor.lastActive > visitor.idleTimeoutMs;
}

/** A text that is the same for equal actions, whatever the order of their fields. */
export function actionKey({ at, action, resourceId, metadata }: Action) {
  return JSON.stringify([at, action, resourceId ?? null, metadata ?? null]);
}

/** The entries that the second list has more often than the first. */
function missingActions(known: Action[], imported: Action[]): Action[] {
  const unmatched = known.map(actionKey);
  return imported.filter((action) => {
    const match = unmatched.indexOf(actionKey(action));
    if (match >= 0) unmatched.splice(match, 1);
    return match < 0;
  });
}
