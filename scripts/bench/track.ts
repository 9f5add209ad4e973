import { MAX_IMPORT_ROWS } from "../../convex/sessionTracker/shared/limits.js";
import { DAY_MS, MINUTE_MS } from "../../convex/sessionTracker/shared/times.js";
import { loadInTurns } from "./load.js";
import { report, type Baseline, type Figure } from "./report.js";
import { BEFORE, MeasuredDeployment, ROOT } from "./servers/deployment.js";
import { EchoServer } from "./servers/echo.js";
import { HttpCaller } from "./servers/httpCaller.js";
import { mockTrackRate } from "./servers/mock.js";

const CONNECTIONS = 16;
const VISITORS = 1_000;
const STORED = 1_000_000;
/** Calls of the import that are under way at once. */
const IMPORTERS = 4;
const WARM_UP = { loops: CONNECTIONS, durationMs: 4_000, rounds: 1 };
const TURNS = { loops: CONNECTIONS, durationMs: 1_500, rounds: 5 };

/**
 * Measures `trackSession` over HTTP, where it writes its lease and where it writes nothing, with few sessions stored
 * and with 1,000,000, turn by turn, so that all meet the same machine; beside a bare server, the version before,
 * where there is one, and the same code on `convex-test`.
 */
export async function benchTrack(): Promise<Figure[]> {
  const few = await Tracking.start(ROOT);
  const many = await Tracking.start(ROOT);
  const before = BEFORE === undefined ? null : await Tracking.start(BEFORE);
  const echo = await EchoServer.start();
  await many.storeIdle(STORED);
  const turns = [
    () => echo.http.call("mutation", "none", {}),
    few.write,
    few.beat,
    many.write,
    ...(before === null ? [] : [before.write, before.beat]),
  ];
  await loadInTurns(WARM_UP, turns);
  const rates = await loadInTurns(TURNS, turns);
  await echo.stop();
  for (const tracking of [few, many, before]) await tracking?.stop();
  return describe(rates, await mockTrackRate(20_000));
}

function describe(rates: readonly number[], mock: number): Figure[] {
  const [bare = NaN, write = NaN, beat = NaN, many = NaN] = rates;
  const [oldWrite, oldBeat] = rates.slice(4);
  const http = { name: "a bare node:http server", value: bare };
  const old = (value: number | undefined): Baseline[] =>
    value === undefined ? [] : [{ name: "the version before", value }];
  return [
    report(
      `trackSession that writes, HTTP, ${CONNECTIONS} connections`,
      write,
      "calls/s",
      { atLeast: 3_000 },
      http,
      ...old(oldWrite),
      { name: "convex-test at 20,000 sessions", value: mock },
    ),
    report(
      "trackSession that writes nothing",
      beat,
      "calls/s",
      { atLeast: 4_000 },
      http,
      ...old(oldBeat),
    ),
    report(
      "trackSession that writes, 1,000,000 sessions, of the rate without",
      many / write,
      "of it",
      { atLeast: 0.8 },
    ),
  ];
}

/** A deployment with visitors who are there. */
class Tracking {
  readonly #deployment: MeasuredDeployment;
  readonly #http: HttpCaller;

  private constructor(deployment: MeasuredDeployment) {
    this.#deployment = deployment;
    this.#http = new HttpCaller(() => deployment.url);
  }

  /** Starts one with its visitors, of whom half write with each sign of life and half write with none. */
  static async start(checkout: string): Promise<Tracking> {
    const deployment = await MeasuredDeployment.start(checkout, checkout);
    const tracking = new Tracking(deployment);
    // Leases take the setting over when their visit starts. And all visitors come at once.
    const set = (touchAfterMs: number) =>
      deployment.call("settings/settings:change", {
        patch: { touchAfterMs, maxNewSessionsPerMinute: "never" },
        actor: "bench",
      });
    await set(20 * MINUTE_MS);
    for (let n = 0; n < VISITORS; n += 1) await tracking.#track(idle(n));
    await set(0);
    for (let n = 0; n < VISITORS; n += 1) await tracking.#track(busy(n));
    return tracking;
  }

  /** A sign of life that writes. */
  readonly write = async (n: number): Promise<void> => {
    expectState("touched", await this.#track(busy(n % VISITORS)));
  };

  /** A sign of life that writes nothing. */
  readonly beat = async (n: number): Promise<void> => {
    expectState("unchanged", await this.#track(idle(n % VISITORS)));
  };

  /** Stores so many sessions of visitors who left yesterday. */
  async storeIdle(count: number): Promise<void> {
    const lastActive = Date.now() - DAY_MS;
    let next = 0;
    const importer = async () => {
      while (next < count) {
        const first = next;
        next += MAX_IMPORT_ROWS;
        const length = Math.min(MAX_IMPORT_ROWS, count - first);
        const rows = Array.from({ length }, (_, i) => ({
          anonymousId: `gone-${first + i}`,
          createdAt: lastActive,
          lastActive,
        }));
        await this.#deployment.call("operator/import:batch", { rows });
      }
    };
    await Promise.all(Array.from({ length: IMPORTERS }, importer));
  }

  async stop(): Promise<void> {
    this.#http.close();
    await this.#deployment.stop();
  }

  #track(anonymousId: string): Promise<string> {
    return this.#http.call("mutation", "sessions:trackSession", {
      anonymousId,
    });
  }
}

function idle(n: number): string {
  return `idle-${n}`;
}

function busy(n: number): string {
  return `busy-${n}`;
}

function expectState(state: string, answer: string): void {
  if (answer.includes(`"state":"${state}"`)) return;
  throw new Error(`trackSession answered ${answer}, not ${state}`);
}
