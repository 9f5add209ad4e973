/** Every command that docs/operating.md shows is run, and prints what is shown there. */
import {
  createWriteStream,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ConvexHttpClient } from "convex/browser";
import { beforeAll, describe, expect, test } from "vitest";
import { ZipFile } from "yazl";
import type { ServeJson } from "../../../cli/json/ready.js";
import type { RunListJson } from "../../../cli/json/run.js";
import type { ListJson } from "../../../cli/json/session.js";
import type { StatsJson } from "../../../cli/json/stats.js";
import type { StatusJson } from "../../../cli/json/status/status.js";
import { CONVEX_CLI } from "../../../embedded/test/support/officialCli.js";
import { tasksOf } from "../support/consoleBlocks.js";
import { OPERATING } from "../support/executedPages.js";
import { RealCli } from "../support/realCli.js";
import {
  expectAsShown,
  putOnPath,
  sessionLines,
} from "../support/shownCommands.js";
import {
  DAY_MS,
  HOUR_MS,
} from "../../../convex/sessionTracker/shared/times.js";

const cli = new RealCli();
const TIMEOUT_MS = 240_000;
const PAGE = join(import.meta.dirname, "../../..", OPERATING);
const tasks = tasksOf(PAGE);

let served: ServeJson;
let receiver: Server | undefined;
let key = "";
beforeAll(async () => {
  const args = ["serve", "--port", "0", "--data", "data", "--json"];
  served = await cli.start(args).printed<ServeJson>();
  key = readFileSync(served.adminKeyFile, "utf8").trim();
  putOnPath(cli);
}, TIMEOUT_MS);

/** Those who come in the chapter on figures. */
const VISITORS = ["reader", "bounced"];
/** Those who are let in of a flood. */
const STRANGERS = ["s1", "s2"];

/** The setup of each task, beside old sessions and new ones, and the check of its effect. */
const TASKS: Record<
  string,
  { before?: () => Promise<void>; after: () => Promise<void> }
> = {
  "Point the CLI at a deployment": {
    before: async () => {
      nameInFolder();
      await Promise.resolve();
    },
    after: async () => {
      rmSync(join(cli.folder, ".env.local"));
      expect((await status()).sessions.total).toBe(320);
    },
  },
  "The retention was wrong for a week": {
    before: async () => {
      await cli.quick(["retention", "7", "--yes", "--reason", "typo"]);
    },
    after: async () => {
      const { retentionDays, schedules, sessions } = await status();
      expect(retentionDays).toBe(14);
      expect(schedules.map(({ paused }) => paused)).toEqual([null, null]);
      expect(sessions.total).toBe(20);
    },
  },
  "A run is stuck": {
    before: async () => {
      const args = ["--days", "14", "--yes", "--archive", "old.jsonl.gz"];
      // `ulimit` stands in for a disk that is full at once.
      const line = `ulimit -f 1; exec ${cli.inShell(["purge", ...args])}`;
      await cli.startLine(line).finished;
    },
    after: async () => {
      expect((await status()).sessions.total).toBe(20);
      rmSync(join(cli.folder, "old.jsonl.gz"));
    },
  },
  "Log a user out everywhere": {
    before: useDevices,
    after: async () => {
      const { sessions } = await cli.quick<ListJson>(["list", "--user", "ada"]);
      expect(sessions.map(({ endReason }) => endReason)).toEqual(
        Array(3).fill("laptop stolen"),
      );
      await cli.quick(["forget", "--user", "ada", "--yes"]);
    },
  },
  "A visitor wants to be forgotten": {
    after: async () => {
      expect((await status()).sessions.total).toBe(319);
    },
  },
  "Erase a user and prove it": {
    before: async () => {
      await useDevices();
      await cli.quick(["export", "before.jsonl"]);
    },
    after: async () => {
      const { runs } = await cli.quick<RunListJson>(["runs", "list"]);
      expect(runs[0]).toMatchObject({
        kind: "forget",
        sessions: 3,
        actions: 3,
      });
    },
  },
  "A hook of the app fails": {
    after: async () => {
      expect((await status()).warnings).toEqual([]);
    },
  },
  "Be told instead of looking": {
    before: async () => {
      receiver = createServer((_request, response) => response.end("ok"));
      await new Promise<void>((resolve) =>
        receiver?.listen(9_099, "127.0.0.1", resolve),
      );
    },
    after: async () => {
      receiver?.close();
      expect((await status()).webhooks).toEqual([]);
    },
  },
  "A visitor wants their data": {
    after: async () => {
      const file = readFileSync(join(cli.folder, "new-7.json"), "utf8");
      expect(JSON.parse(file)).toMatchObject({
        anonymousId: "new-7",
        timeline: [{ action: "view" }],
      });
      await Promise.resolve();
    },
  },
  "How many came last week": {
    before: async () => {
      const news = { referrer: "news.example.com", path: "/prices" };
      const visitor = { anonymousId: "reader" };
      await visit("heartbeat:beat", { ...visitor, visit: news });
      await visit("action:record", { ...visitor, action: "view" });
      await visit("heartbeat:beat", { anonymousId: "bounced" });
      for (const anonymousId of VISITORS) {
        await visit("end:visit", { anonymousId });
      }
    },
    after: async () => {
      const asked = ["stats", "--days", "1"];
      const before = await cli.quick<StatsJson>(asked);
      for (const id of VISITORS) {
        await cli.quick(["forget", id, "--confirm", id]);
      }
      const { days, sources } = await cli.quick<StatsJson>(asked);
      expect({ days, sources }).toEqual({ days: before.days, sources: [] });
    },
  },
  "Purge a backlog slowly": {
    after: async () => {
      expect((await status()).sessions.total).toBe(20);
    },
  },
  "Purge only at night": {
    after: async () => {
      const { schedules } = await status();
      expect(schedules.find(({ name }) => name === "purge")).toMatchObject({
        ...{ spec: "30 2 * * *", timeZone: "UTC", window: null },
        ...{ jitterMs: null, pauseOnFailure: null },
      });
    },
  },
  "Keep what is deleted, and bring it back": {
    after: async () => {
      expect((await status()).sessions.total).toBe(320);
      await cli.quick(["schedule", "resume", "purge"]);
      rmSync(join(cli.folder, "old.jsonl.gz"));
    },
  },
  "Move from the old tracker": {
    before: async () => {
      await writeOldExport(join(cli.folder, "old-app.zip"));
    },
    after: async () => {
      expect((await status()).sessions.total).toBe(323);
    },
  },
  "A deploy broke the schedule": {
    before: async () => {
      await loseCron("purge");
    },
    after: async () => {
      const { schedules } = await status();
      expect(schedules.every(({ nextAt }) => nextAt !== null)).toBe(true);
    },
  },
  "The watchdog gave up": {
    before: async () => {
      await loseCron("purge");
      await exhaustWatchdog();
    },
    after: async () => {
      const { schedules, watchdog } = await status();
      expect(watchdog.gaveUp).toBeNull();
      expect(schedules.every(({ nextAt }) => nextAt !== null)).toBe(true);
    },
  },
  "Somebody else changed the settings": {
    before: async () => {
      await cli.quick(["settings", "set", "idleTimeoutMs=35m"]);
      await cli.quick(["settings", "set", "idleTimeoutMs=40m"]);
    },
    after: async () => {
      expect((await status()).idleTimeoutMs).toBe(45 * 60_000);
      await cli.quick(["settings", "set", "idleTimeoutMs=30m"]);
    },
  },
  "Somebody floods us": {
    before: async () => {
      await cli.quick(["settings", "set", "maxNewSessionsPerMinute=2"]);
      for (const anonymousId of [...STRANGERS, "s3", "s4", "s5"]) {
        await visit("heartbeat:beat", { anonymousId });
      }
    },
    after: async () => {
      expect((await status()).refused).toMatchObject({ newSessions: 3 });
      const since = ["list", "--created-after", "10m"];
      expect((await cli.quick<ListJson>(since)).sessions).toEqual([]);
      await cli.quick([
        ...["settings", "set", "maxNewSessionsPerMinute=6000"],
        "maxNewSessionsPerMinutePerAddress=never",
      ]);
    },
  },
  "Several deployments": {
    before: async () => {
      const shopKey = "prod:happy-animal-123|c2VjcmV0";
      writeFileSync(join(cli.folder, "shop.key"), shopKey);
      const named = await cli.run(
        ...["deployments", "add", "staging", "--url", served.url],
        ...["--admin-key-file", served.adminKeyFile],
      );
      expect(named, named.stderr).toMatchObject({ exitCode: 0 });
    },
    after: async () => {
      expect((await status()).retentionDays).toBe(30);
      await cli.quick(["retention", "14", "--yes"]);
    },
  },
  "Nothing in production by accident": {
    before: async () => {
      nameInFolder("SESSIONS_OPS_PRODUCTION=yes");
      await Promise.resolve();
    },
    after: async () => {
      rmSync(join(cli.folder, ".env.local"));
      expect((await status()).retentionDays).toBe(30);
      await cli.quick(["retention", "14", "--yes"]);
    },
  },
};

test("each task of docs/operating.md has its setup and its check here", () => {
  expect(tasks.map(({ heading }) => heading)).toEqual(Object.keys(TASKS));
});

describe.each(tasks)("$heading", ({ heading, commands }) => {
  test(
    "its commands print the documented output and have the documented effect",
    async () => {
      await startOver();
      await TASKS[heading]?.before?.();
      await expectAsShown(cli, commands);
      await TASKS[heading]?.after();
    },
    TIMEOUT_MS,
  );
});

/** Names the deployment in the folder's `.env.local`. */
function nameInFolder(...more: string[]): void {
  const lines = [
    `CONVEX_SELF_HOSTED_URL=${served.url}`,
    `CONVEX_SELF_HOSTED_ADMIN_KEY=${key}`,
    ...more,
  ];
  writeFileSync(join(cli.folder, ".env.local"), `${lines.join("\n")}\n`);
}

function status(): Promise<StatusJson> {
  return cli.quick<StatusJson>(["status"]);
}

/** 300 sessions that are due, the oldest 40 days old, and 20 of today. */
async function startOver(): Promise<void> {
  await cli.quick(["purge", "--days", "0.021", "--confirm", await dueCount()]);
  const anyway = ["--restore-erased", "--reason", "the tasks begin alike"];
  await cli.quick(
    ["import", "-", "--yes", ...anyway],
    sessionLines(Date.now()),
  );
}

async function dueCount(): Promise<string> {
  const { sessions } = await cli.quick<{ sessions: number }>([
    ...["purge", "--days", "0.021", "--dry-run"],
  ]);
  return String(sessions);
}

/** Removes a cron, as a deploy of a version of crons that starts anew would. */
async function loseCron(name: string): Promise<void> {
  await callFunction("public:del", "sessionTracker/crons", {
    identifier: { name },
  });
}

/** Lets the watchdog look two days after the purge last fired, with five restarts behind it. */
async function exhaustWatchdog(): Promise<void> {
  const now = Date.now();
  const ticks = [
    { name: "expire", registeredAt: now, lastAt: now },
    { name: "purge", registeredAt: now - 2 * DAY_MS },
    {
      name: "watchdog",
      lastAt: now,
      restarts: [5, 4, 3, 2, 1].map((hours) => now - hours * HOUR_MS),
    },
  ];
  const file = join(cli.folder, "ticks.jsonl");
  writeFileSync(
    file,
    ticks.map((tick) => `${JSON.stringify(tick)}\n`).join(""),
  );
  await replaceTable("ticks", file);
  await callFunction("schedules/watchdog:check", "sessionTracker", {});
}

/** Ada does one thing on each of her devices. */
async function useDevices(): Promise<void> {
  for (const anonymousId of ["phone", "tablet", "laptop"]) {
    await visit("action:record", { anonymousId, action: "view" });
    await visit("link:user", { anonymousId, userId: "ada" });
  }
}

function visit(name: string, args: object): Promise<void> {
  return callFunction(`visitors/${name}`, "sessionTracker", args);
}

async function callFunction(
  path: string,
  component: string,
  args: object,
): Promise<void> {
  const client = new ConvexHttpClient(served.url, {
    skipConvexDeploymentUrlCheck: true,
  }) as ConvexHttpClient & {
    setAdminAuth(key: string): void;
    function(path: string, component: string, args: object): Promise<unknown>;
  };
  client.setAdminAuth(key);
  await client.function(path, component, args);
}

/** Replaces a table of the component, with the official CLI. */
async function replaceTable(table: string, file: string): Promise<void> {
  const args = ["--component", "sessionTracker", "--table", table];
  const line = `exec '${process.execPath}' '${CONVEX_CLI}' import ${args.join(" ")} --replace -y '${file}'`;
  const imported = await cli.startLine(line, {
    CONVEX_SELF_HOSTED_URL: served.url,
    CONVEX_SELF_HOSTED_ADMIN_KEY: key,
  }).finished;
  expect(imported, imported.stderr).toMatchObject({ exitCode: 0 });
}

/** Writes the backup that `npx convex export` makes of an app with the replaced tracker. */
async function writeOldExport(path: string): Promise<void> {
  const zip = new ZipFile();
  const rows = Array.from({ length: 3 }, (_, i) => ({
    _id: `k${i}`,
    _creationTime: Date.now() - DAY_MS,
    anonymousId: `moved-${i}`,
    createdAt: Date.now() - DAY_MS,
    lastActive: Date.now() - DAY_MS,
    actions: [{ timestamp: Date.now() - DAY_MS, action: "view" }],
  }));
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  zip.addBuffer(Buffer.from(text), "sessions/documents.jsonl");
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
}
