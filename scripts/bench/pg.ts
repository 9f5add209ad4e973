import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { load, median } from "./load.js";
import { report, type Figure } from "./report.js";
import { costOf } from "./scale/runs.js";
import { copySeed, cutoffOf, seedIn, type Seed } from "./scale/seed.js";
import { MeasuredDeployment } from "./servers/deployment.js";
import { HttpCaller } from "./servers/httpCaller.js";
import { PostgresServer } from "./servers/postgres.js";

const CLIENTS = 16;
const VISITORS = 1_000;
const WARM_UP_MS = 3_000;
const ROUND_MS = 1_500;
const ROUNDS = 5;
/** Rows that one statement of PostgreSQL deletes. */
const BATCH = 1_000;

/**
 * Measures the two things that there are most of, heartbeats and deletes by age, beside PostgreSQL as it is installed:
 * a table of sessions with an index of its own, written by hand, without states, visits, counters or a ledger.
 * @param sizes numbers of sessions stored
 */
export async function benchPg({
  sizes = [100_000, 1_000_000],
}: { sizes?: readonly number[] } = {}): Promise<Figure[]> {
  const server = await PostgresServer.start();
  if (server === null) {
    process.stdout.write(
      "pg: skipped, as PostgreSQL is not installed (Debian: apt-get install postgresql-15)\n",
    );
    return [];
  }
  const seeds = await mkdtemp(join(tmpdir(), "sessions-ops-seeds-"));
  try {
    const figures: Figure[] = [];
    for (const size of sizes) {
      figures.push(...(await compare(server, await seedIn(seeds, size, 0))));
    }
    return figures;
  } finally {
    await rm(seeds, { recursive: true });
    await server.stop();
  }
}

async function compare(server: PostgresServer, seed: Seed): Promise<Figure[]> {
  const dataDir = await copySeed(seed);
  const deployment = await MeasuredDeployment.startIn(dataDir);
  const http = new HttpCaller(() => deployment.url);
  const { sessions, purgeable } = seed.plan;
  const cutoff = cutoffOf(seed);
  const ourHeartbeats = async (durationMs: number) => {
    const { perSecond } = await load({ loops: CLIENTS, durationMs }, (n) =>
      http.call("mutation", "sessions:trackSession", {
        anonymousId: `live-${n % VISITORS}`,
      }),
    );
    return perSecond;
  };
  const theirHeartbeats = (durationMs: number) =>
    server.rateOf(HEARTBEAT, { clients: CLIENTS, durationMs });
  try {
    await server.run(stored(sessions, purgeable, cutoff));
    const heartbeats = await inTurns([ourHeartbeats, theirHeartbeats]);
    const purge = await costOf(deployment, { kind: "purge", cutoff });
    const deletedMs = await server.run(deleted(cutoff));
    const deletes = [purge.tookMs, deletedMs].map(
      (ms) => purgeable / (ms / 1_000),
    );
    const of = `${sessions.toLocaleString("en-US")} sessions`;
    const { version } = server;
    return [
      ...described(
        `heartbeats of ${CLIENTS} clients, ${of}`,
        heartbeats,
        version,
      ),
      ...described(`sessions deleted by age, of ${of}`, deletes, version),
    ];
  } finally {
    http.close();
    await deployment.stop();
    await rm(dirname(dataDir), { recursive: true });
  }
}

// ── What PostgreSQL is told ─────────────────────────────────────────────────

const HEARTBEAT = `\\set visitor random(1, ${VISITORS})
insert into sessions
  select 'live-' || :visitor::int, now_ms, now_ms
  from (select (extract(epoch from now()) * 1000)::bigint as now_ms) as clock
on conflict (anonymous_id) do update set last_active = excluded.last_active;`;

function stored(sessions: number, purgeable: number, cutoff: number): string {
  return `drop table if exists sessions;
create table sessions (anonymous_id text primary key, created_at bigint not null, last_active bigint not null);
insert into sessions
  select md5(i::text), ${cutoff}, case when i <= ${purgeable} then ${cutoff} - i else ${Date.now()} end
  from generate_series(1, ${sessions}) as i;
create index on sessions (last_active);
vacuum analyze sessions;`;
}

/** Each batch is a transaction of its own, as each page of a run is. */
function deleted(cutoff: number): string {
  return `do $$
declare deleted int;
begin
  loop
    delete from sessions where anonymous_id in (
      select anonymous_id from sessions where last_active < ${cutoff} order by last_active limit ${BATCH});
    get diagnostics deleted = row_count;
    commit;
    exit when deleted < ${BATCH};
  end loop;
end $$;`;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** In turns, so that both meet the same machine. @returns the median rate of each */
async function inTurns(
  rates: readonly ((durationMs: number) => Promise<number>)[],
): Promise<number[]> {
  for (const rate of rates) await rate(WARM_UP_MS);
  const measured: number[][] = rates.map(() => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [i, rate] of rates.entries()) {
      measured[i]?.push(await rate(ROUND_MS));
    }
  }
  return measured.map(median);
}

function described(
  what: string,
  rates: readonly number[],
  version: string,
): Figure[] {
  const [ours, theirs] = rates as [number, number];
  return [
    report(what, ours, "a second", {}, { name: version, value: theirs }),
    report(`${what}: PostgreSQL's, of ours`, theirs / ours, "times"),
  ];
}
