import type { Clock } from "@sinonjs/fake-timers";
import { Browser, type BrowserOptions } from "./browser.js";
import type { Call } from "./network.js";

interface Report {
  startedAt?: number;
  engagedMs?: number;
  isLeaving?: boolean;
  path?: string;
}

interface StoredVisit {
  anonymousId: unknown;
  startedAt: number;
  endedAt: number | null;
  engagedMs: number;
  exitPath: string | undefined;
}

interface Lease extends StoredVisit {
  lastActive: number;
  engagedAt: number;
}

/** A browser whose deployment keeps visits. */
export function withVisits(options?: BrowserOptions) {
  const browser = new Browser(options);
  const visits = new Visits(browser.clock);
  browser.network.answer = visits.answer;
  return { browser, visits };
}

const IDLE_MS = 30 * 60_000;
const LONGEST_MS = 24 * 60 * 60_000;

/** What the component makes of reports, by the rules of the wire, for tests whose clock is driven. */
export class Visits {
  readonly closed: StoredVisit[] = [];
  readonly #clock: Clock;
  readonly #leases = new Map<unknown, Lease>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** All, in order: the last of a visitor may be under way. */
  get all(): StoredVisit[] {
    return [...this.closed, ...this.#leases.values()]
      .sort((a, b) => a.startedAt - b.startedAt)
      .map(({ anonymousId, startedAt, endedAt, engagedMs, exitPath }) => ({
        anonymousId,
        startedAt,
        endedAt,
        engagedMs,
        exitPath,
      }));
  }

  /** The engaged time of each, in seconds. */
  get engagedSeconds(): number[] {
    return this.all.map(({ engagedMs }) => engagedMs / 1_000);
  }

  readonly answer = ({ name, args }: Call): object => {
    const report = (args["visit"] ?? {}) as Report;
    const { anonymousId } = args;
    if (name === "trackSession") {
      const value = { ok: true, ...this.#beat(anonymousId, report) };
      return { status: "success", value };
    }
    if (name === "endSession") this.#end(anonymousId, report);
    if (name === "forgetSession") this.#leases.delete(anonymousId);
    return { status: "success", value: { ok: true } };
  };

  #beat(anonymousId: unknown, report: Report) {
    const now = this.#clock.now;
    let lease = this.#leases.get(anonymousId);
    let state = "unchanged";
    if (
      lease &&
      (now - lease.lastActive > IDLE_MS || now - lease.startedAt >= LONGEST_MS)
    ) {
      this.#close(lease, lease.lastActive);
      lease = undefined;
    }
    if (lease === undefined) {
      this.#credit(anonymousId, report);
      lease = {
        anonymousId,
        startedAt: now,
        endedAt: null,
        lastActive: now,
        engagedMs: 0,
        engagedAt: now,
        exitPath: report.path,
      };
      this.#leases.set(anonymousId, lease);
      state = "created";
    } else if (report.isLeaving || now - lease.lastActive >= 60_000) {
      take(lease, report, now);
      lease.lastActive = now;
      lease.exitPath = report.path ?? lease.exitPath;
      state = "touched";
    }
    return { visitStartedAt: lease.startedAt, state };
  }

  #end(anonymousId: unknown, report: Report): void {
    const lease = this.#leases.get(anonymousId);
    if (!lease) return;
    this.#close(lease, this.#clock.now);
    this.#credit(anonymousId, report);
  }

  #close(lease: Lease, endedAt: number): void {
    this.#leases.delete(lease.anonymousId);
    this.closed.push({ ...lease, endedAt });
  }

  /** A visit that closed before its page could tell all. */
  #credit(anonymousId: unknown, { startedAt, engagedMs = 0 }: Report): void {
    const last = this.closed.findLast((its) => its.anonymousId === anonymousId);
    if (
      last?.startedAt !== startedAt ||
      last?.endedAt === null ||
      last === undefined
    )
      return;
    const most = Math.min(engagedMs, this.#clock.now - last.startedAt);
    last.engagedMs = Math.max(last.engagedMs, most);
    last.endedAt = Math.max(last.endedAt, last.startedAt + last.engagedMs);
  }
}

function take(lease: Lease, { startedAt, engagedMs = 0 }: Report, at: number) {
  if (startedAt !== undefined && startedAt !== lease.startedAt) return;
  const most = lease.engagedMs + Math.max(0, at - lease.engagedAt);
  const taken = Math.min(engagedMs, most);
  if (taken <= lease.engagedMs) return;
  lease.engagedMs = taken;
  lease.engagedAt = at;
}
