/** Debian's `prometheus` scrapes a served app; its own parser reads the text, and it then says what `status` says. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { StatusJson } from "../../../cli/json/status.js";
import { isMissing } from "../../../embedded/test/support/process/missing.js";
import { stablePort } from "../../../embedded/test/support/ports.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";
import { RealCli } from "../support/realCli.js";

const why =
  spawnSync("prometheus", ["--version"]).error === undefined
    ? null
    : "prometheus is not installed here.";

const TOKEN = "0123456789abcdef0123456789abcdef";
const SCRAPES = 10;

const cli = new RealCli();
const { folder } = cli;

const HTTP = `
  import { httpRouter } from "convex/server";
  import { registerMetrics } from "../client/index.js";
  import { components } from "./_generated/api.js";
  const http = httpRouter();
  registerMetrics(http, components.sessionTracker, { token: process.env["METRICS_TOKEN"] });
  export default http;
`;

test.skipIf(isMissing(why, { isRequired: true }))(
  "Prometheus scrapes the metrics, and says what status says",
  async () => {
    writeFileSync(join(folder, "convex/http.ts"), HTTP);
    writeFileSync(join(folder, "variables"), `METRICS_TOKEN=${TOKEN}\n`);
    const sitePort = String(await stablePort());
    const serving = cli.start([
      ...["serve", "--port", "0", "--site-port", sitePort],
      ...["--data", "data", "--env-from", "variables"],
    ]);
    expect(await serving.firstLine).toContain("is ready at");
    await cli.putOffPurges();
    const rows = Array.from({ length: 300 }, (_, n) => {
      const lastActive = Date.now() - ((n % 30) + 0.5) * DAY_MS;
      return { anonymousId: `v-${n}`, createdAt: lastActive, lastActive };
    });
    const jsonl = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    await cli.json(["import", "-", "--yes"], jsonl);
    await cli.json(["purge", "--days", "20", "--confirm", "100"]);

    const ask = await scraping(`127.0.0.1:${sitePort}`);
    const scraped = `sum_over_time(up{job="sessions"}[5m])`;
    await expect
      .poll(async () => (await ask(scraped))[0]?.value, { timeout: 60_000 })
      .toBeGreaterThanOrEqual(SCRAPES);
    expect(await ask(`min_over_time(up{job="sessions"}[5m])`)).toMatchObject([
      { value: 1 },
    ]);

    const status = await cli.json<StatusJson>(["status"]);
    const states = await ask("sessions_ops_sessions");
    const { total, ...byState } = status.sessions;
    expect(
      Object.fromEntries(
        states.map(({ labels, value }) => [labels.state, value]),
      ),
    ).toEqual(byState);
    expect(total).toBe(200);
    const [backlog] = await ask('sessions_ops_backlog_sessions{kind="purge"}');
    expect(backlog?.value).toBe(status.backlog.purge);
    const [runs] = await ask(
      'sessions_ops_runs_total{kind="purge",outcome="completed"}',
    );
    expect(runs?.value).toBe(1);
    const [oldest] = await ask(
      "sessions_ops_oldest_inactive_timestamp_seconds",
    );
    expect((oldest?.value ?? 0) * 1_000).toBe(
      Date.parse(status.oldest?.lastActive ?? ""),
    );

    serving.child.kill("SIGTERM");
    expect((await serving.finished).exitCode).toBe(0);
  },
  180_000,
);

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
