/** The sessions that a run has still to take, counted by the deployment in the run's own order. */
import type { Backlog, Returns, Run, Status } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";

export interface RunLeft {
  /** Sessions to come, as far as the run's maximum lets it. */
  sessions: number;
  /** Sessions among them that the retention in force keeps. */
  kept: number;
  /** Whether the run's maximum lets it come to all sessions, and so to what goes by age. */
  isAll: boolean;
  /** The revision of the settings in force. */
  revision: number;
}

export async function countLeft(
  client: ComponentClient,
  { runId, stopAt = Infinity, sessions: done }: Run,
): Promise<RunLeft> {
  const left = { sessions: 0, kept: 0, revision: 0 };
  const allowed = Math.max(0, stopAt - done);
  for await (const page of leftPages(client, runId)) {
    left.sessions += page.sessions;
    left.kept += page.kept;
    left.revision = page.revision;
  }
  const sessions = Math.min(left.sessions, allowed);
  // The run takes the oldest sessions first, and those that are kept are the newest.
  const kept = Math.max(0, sessions - (left.sessions - left.kept));
  return { ...left, sessions, kept, isAll: left.sessions <= allowed };
}

/** The number of sessions that a run has done and will have done in all, for a progress bar. */
export async function countTotal(
  client: ComponentClient,
  run: Run,
): Promise<{ total: number; before: number }> {
  const { status, sessions, expected, stopAt = Infinity } = run;
  if (status !== "running") return { total: sessions, before: 0 };
  const total =
    expected === undefined
      ? sessions + (await countLeft(client, run)).sessions
      : Math.min(expected, stopAt);
  return { total, before: sessions };
}

/** The most pages of 2,000 sessions that are counted while somebody waits for a status. */
const MAX_PAGES = 25;

/**
 * The totals of runs under way that have more left than the backlog counts and that nobody counted when
 * they started. Each is counted once: a cutoff does not move.
 */
export class RunTotals {
  readonly #client: ComponentClient;
  /** Totals by runId; `undefined` where there are too many sessions to be counted here. */
  readonly #totals = new Map<string, number | undefined>();

  constructor(client: ComponentClient) {
    this.#client = client;
  }

  /** Counts the totals that are not known yet. */
  async count({ runs }: Status, { running, limit }: Backlog): Promise<void> {
    for (const run of runs) {
      const { runId, status, expected } = run;
      if (status !== "running" || expected !== undefined) continue;
      const isCounted = running.some(
        (one) => one.runId === runId && one.left < limit,
      );
      if (isCounted || this.#totals.has(runId)) continue;
      this.#totals.set(runId, await this.#totalOf(run));
    }
  }

  /** Fills in the totals that are known. */
  fill(status: Status): Status {
    const runs = status.runs.map((run) => {
      const total = run.expected ?? this.#totals.get(run.runId);
      return total === undefined ? run : { ...run, expected: total };
    });
    return { ...status, runs };
  }

  async #totalOf({ runId, sessions }: Run): Promise<number | undefined> {
    let total = sessions;
    let pages = 0;
    for await (const page of leftPages(this.#client, runId)) {
      total += page.sessions;
      pages += 1;
      if (pages === MAX_PAGES && page.cursor !== null) return undefined;
    }
    return total;
  }
}

async function* leftPages(
  client: ComponentClient,
  runId: string,
): AsyncGenerator<Returns<"runs/preview:left">> {
  let cursor: Returns<"runs/preview:left">["cursor"] = null;
  do {
    const args = { runId, cursor };
    const page: Returns<"runs/preview:left"> = await client.query(
      "runs/preview:left",
      args,
    );
    yield page;
    cursor = page.cursor;
  } while (cursor !== null);
}
