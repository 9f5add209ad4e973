/** Debian's `prometheus` scrapes the example for a minute; its own parser reads the text, and it then says what `status` says. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { expect, onTestFinished, test } from "vitest";
import type { ServeJson } from "../../../cli/json/ready.js";
import type { StatusJson } from "../../../cli/json/status/status.js";
import { isMissing } from "../../../embedded/test/support/process/missing.js";
import { stablePort } from "../../../embedded/test/support/ports.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";
import { figuresOfStatus } from "../../metrics/figuresOfStatus.js";
import { RealCli } from "../support/realCli.js";

const why =
  spawnSync("prometheus", ["--version"]).error === undefined
    ? null
    : "prometheus is not installed here.";

const TOKEN = "0123456789abcdef0123456789abcdef";
const cli = new RealCli();
const { folder } = cli;

/** A minute of scrapes, one a second. */
const SCRAPES = 60;
const DUE = 100;

test.skipIf(isMissing(why, { isRequired: true }))(
  "Prometheus scrapes the example for a minute in which sessions come and go, and then says what status says",
  async () => {
    useExample();
    const variables = {
      METRICS_TOKEN: TOKEN,
      EXAMPLE_JWKS: 'data:application/json,{"keys":[]}',
    };
    const lines = Object.entries(variables).map(
      ([name, value]) => `${name}='${value}'\n`,
    );
    writeFileSync(join(folder, "variables"), lines.join(""));
    const sitePort = String(await stablePort());
    const serving = cli.start([
      ...["serve", "--port", "0", "--site-port", sitePort, "--json"],
      ...["--data", "data", "--env-from", "variables"],
    ]);
    const { url } = await serving.printed<ServeJson>();
    await cli.putOffPurges();
    const rows = Array.from({ length: 300 }, (_, n) => {
      const lastActive = Date.now() - ((n % 30) + 0.5) * DAY_MS;
      return { anonymousId: `v-${n}`, createdAt: lastActive, lastActive };
    });
    const jsonl = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    await cli.quick(["import", "-", "--yes"], jsonl);

    const ask = await scraping(`127.0.0.1:${sitePort}`);
    const value = async (query: string) => (await ask(query))[0]?.value;
    const scraped = 'count_over_time(up{job="sessions"}[5m])';
    const isScraped = (times: number) =>
      expect
        .poll(() => value(scraped), { timeout: 180_000 })
        .toBeGreaterThanOrEqual(times);

    await isScraped(1);
    const visitors = visiting(url);
    await isScraped(SCRAPES / 2);
    await cli.json(["purge", "--days", "20", "--confirm", String(DUE)]);
    await isScraped(SCRAPES);
    const came = await visitors.stop();

    // What is due is as of the last full minute, so that the last of them may take that long to be scraped.
    const differences = async () => {
      const figures = figuresOfStatus(await cli.quick(["status"]));
      const pairs = Object.entries(figures).map(async ([query, told]) => {
        const scraped = await value(query);
        return scraped === told ? "" : `${query}: ${scraped}, not ${told}`;
      });
      return (await Promise.all(pairs)).filter(Boolean);
    };
    await expect.poll(differences, { timeout: 90_000 }).toEqual([]);
    const status = await cli.json<StatusJson>(["status"]);
    expect(status.sessions.total).toBe(300 - DUE + came);
    expect(status.today.visits).toBeGreaterThan(0);
    expect(Object.keys(figuresOfStatus(status)).length).toBeGreaterThan(25);

    // Each scrape was answered, saw changes, and no counter fell.
    expect(await value('min_over_time(up{job="sessions"}[5m])')).toBe(1);
    const active = 'sessions_ops_sessions{state="active"}';
    expect(await value(`changes(${active}[5m])`)).toBeGreaterThan(20);
    expect(await value("sum(resets(sessions_ops_runs_total[5m]))")).toBe(0);
    const completed = 'sessions_ops_runs_total{outcome="completed",kind=';
    expect(await value(`${completed}"purge"}`)).toBe(1);

    serving.child.kill("SIGTERM");
    expect((await serving.finished).exitCode).toBe(0);
  },
  300_000,
);

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Puts the functions of the example in the place of the app's, on the sources instead of the built package. */
function useExample(): void {
  const SOURCES = {
    '"sessions-ops"': '"../client/index.js"',
    '"sessions-ops/convex.config"': '"./sessionTracker/convex.config.js"',
  };
  const from = join(import.meta.dirname, "../../../example/convex");
  for (const name of readdirSync(from)) {
    if (!name.endsWith(".ts")) continue;
    let text = readFileSync(join(from, name), "utf8");
    for (const [name, source] of Object.entries(SOURCES)) {
      text = text.replaceAll(name, source);
    }
    writeFileSync(join(folder, "convex", name), text);
  }
}

/** Visitors who come, act and leave, several a second, until they are stopped. */
function visiting(url: string): { stop: () => Promise<number> } {
  const client = new ConvexHttpClient(url, { logger: false });
  const call = (name: string, args: Record<string, string>) =>
    client.mutation(
      makeFunctionReference<"mutation">(`sessions:${name}`),
      args,
    );
  let came = 0;
  let isOver = false;
  const until = (async () => {
    while (!isOver) {
      const anonymousId = `visitor-${(came += 1)}`;
      await call("trackSession", { anonymousId });
      await call("trackUserAction", { anonymousId, action: "view" });
      if (came % 3 === 0) await call("endSession", { anonymousId });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await until;
      return came;
    },
  };
}

interface Sample {
  labels: Record<string, string>;
  value: number;
}

/** Starts a Prometheus that scrapes the address each second. @returns what asks it a query */
async function scraping(target: string) {
  const config = join(folder, "prometheus.yml");
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: "1s" },
      scrape_configs: [
        {
          job_name: "sessions",
          authorization: { credentials: TOKEN },
          static_configs: [{ targets: [target] }],
        },
      ],
    }),
  );
  const address = `127.0.0.1:${await stablePort()}`;
  const prometheus = spawn(
    "prometheus",
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, "prometheus")}`,
      `--web.listen-address=${address}`,
    ],
    { stdio: "ignore" },
  );
  onTestFinished(async () => {
    const ended = once(prometheus, "exit");
    prometheus.kill("SIGKILL");
    await ended;
  });
  return async (query: string): Promise<Sample[]> => {
    const url = `http://${address}/api/v1/query?query=${encodeURIComponent(query)}`;
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok !== true) return [];
    const { data } = (await answer.json()) as {
      data: {
        result: { metric: Record<string, string>; value: [number, string] }[];
      };
    };
    return data.result.map(({ metric, value }) => ({
      labels: metric,
      value: Number(value[1]),
    }));
  };
}
