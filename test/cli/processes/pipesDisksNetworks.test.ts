/** Rough use of real processes by a tired operator: closed pipes, full disks, lost networks, Ctrl-C. */
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Terminal } from "@xterm/headless";
import { beforeAll, describe, expect, test } from "vitest";
import type { ServeJson } from "../../../cli/json/ready.js";
import type { RunResultJson } from "../../../cli/json/run.js";
import type { StatusJson } from "../../../cli/json/status.js";
import { openDroppingProxy } from "../support/droppingProxy.js";
import { RealCli, type Running } from "../support/realCli.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";

const cli = new RealCli();
const SESSIONS = 2_000;
const TIMEOUT_MS = 240_000;

let served: ServeJson;
let key = "";
beforeAll(async () => {
  const args = ["serve", "--port", "0", "--data", "data", "--json"];
  served = await cli.start(args).printed<ServeJson>();
  key = readFileSync(served.adminKeyFile, "utf8").trim();
  await cli.putOffPurges();
  const now = Date.now();
  const lines = Array.from({ length: SESSIONS }, (_, index) => {
    const lastActive = now - 30 * DAY_MS - index;
    // The text does not compress, so that an archive has a size.
    const metadata = { text: Math.random().toString(36).repeat(3) };
    const actions = [{ at: lastActive, action: "view", metadata }];
    const anonymousId = `visitor-${index}`;
    const row = { anonymousId, createdAt: lastActive, lastActive, actions };
    return `${JSON.stringify(row)}\n`;
  });
  writeFileSync(join(cli.folder, "sessions.jsonl"), lines.join(""));
  await importAll();
}, TIMEOUT_MS);

async function importAll(): Promise<void> {
  await cli.quick(["import", "sessions.jsonl", "--yes"]);
}

async function total(): Promise<number> {
  return (await cli.quick<StatusJson>(["status"])).sessions.total;
}

// These tests come first, while nothing is deleted yet.
describe("Ctrl-C at a question", () => {
  test.each([
    [["purge", "--days", "14"], "Delete 2,000 sessions"],
    [["purge", "--days", "7"], "Type the number of sessions"],
    [["retention", "7"], "Lower the retention"],
    [["settings", "set", "retentionDays=7"], "Lower the retention"],
    [["import", "sessions.jsonl"], "Import them all the same?"],
    [["forget", "visitor-1"], "Type visitor-1 to go on"],
    [["expire"], "Type its name to go on"],
  ])(
    "cancels %j with exit code 2",
    async (args, question) => {
      // A deployment on this machine that counts as production asks the most.
      const isProduction = args[0] === "expire";
      const env = isProduction ? productionEnv() : {};
      const asking = cli.startInTerminal(args, { env });
      await asking.said(question);
      // The answer is read once the cursor is put behind the question.
      await asking.said(/\p{Cc}\[\d+G/u);
      asking.child.stdin?.write("\u0003");
      const { exitCode, stdout } = await asking.finished;
      expect(stdout).toContain("Cancelled; nothing was changed.");
      expect(exitCode).toBe(2);
    },
    TIMEOUT_MS,
  );

  test("leaves sessions and settings unchanged", async () => {
    const { sessions, retentionDays } = await cli.quick<StatusJson>(["status"]);
    expect({ total: sessions.total, retentionDays }).toEqual({
      total: SESSIONS,
      retentionDays: 14,
    });
  });

  function productionEnv() {
    return {
      CONVEX_SELF_HOSTED_URL: served.url,
      CONVEX_SELF_HOSTED_ADMIN_KEY: key,
      SESSIONS_OPS_PRODUCTION: "yes",
    };
  }
});

test(
  "a pipe that is closed early ends the command without an error",
  async () => {
    for (const args of [
      ["list", "--limit", "2000", "--jsonl"],
      ["export", "-"],
    ]) {
      const line = `${cli.inShell(args)} 2>said | head -n 1`;
      const { stdout, exitCode } = await cli.startLine(line).finished;
      expect(exitCode).toBe(0);
      expect(stdout.trim().split("\n")).toHaveLength(1);
      const said = readFileSync(join(cli.folder, "said"), "utf8");
      expect(said).not.toMatch(/error|EPIPE|^ +at /im);
    }
    // Nobody reads stderr: the command does its work all the same.
    const line = `{ ${cli.inShell(["retention", "30"])}; echo $? >code; } 2>&1 >/dev/null | true`;
    await cli.startLine(line).finished;
    expect(readFileSync(join(cli.folder, "code"), "utf8")).toBe("0\n");
    await cli.quick(["retention", "14", "--yes"]);
  },
  TIMEOUT_MS,
);

describe("a terminal of 40 columns", () => {
  test.each(["status", "list", "runs list", "schedule list"])(
    "%s prints no wider table, and cuts nothing off",
    async (command) => {
      const args = command.split(" ");
      const shown = cli.startInTerminal(args, { columns: 40 });
      const { stdout, exitCode } = await shown.finished;
      expect(exitCode).toBe(0);
      expect(stdout).not.toMatch(/^(SCHEDULE|SESSION|RUN) .*(NEXT|ANON|KIND)/m);
      expect(stdout).not.toContain("…");
    },
    TIMEOUT_MS,
  );

  test(
    "help is wrapped to the width",
    async () => {
      const shown = cli.startInTerminal(["purge", "--help"], { columns: 40 });
      const { stdout } = await shown.finished;
      // Examples are to be copied, and the terminal breaks them.
      const prose = stdout.slice(0, stdout.indexOf("Examples:"));
      for (const line of prose.split("\r\n")) {
        expect(line.length).toBeLessThanOrEqual(40);
      }
    },
    TIMEOUT_MS,
  );
});

describe("status --watch in a terminal of 80 columns", () => {
  test.each([
    { rows: 24, last: /^Live, .* Ctrl-C ends it\.$/, hidden: false },
    { rows: 8, last: /^Live, .* Ctrl-C ends it\.$/, hidden: true },
  ])(
    "and $rows rows shows the first lines and the footer",
    async ({ rows, last, hidden }) => {
      const args = ["status", "--watch"];
      const watching = cli.startInTerminal(args, { columns: 80, rows });
      const drawn = await watching.said("Ctrl-C ends it.");
      const shown = await screenOf(drawn, { cols: 80, rows });
      const whole = cli.startInTerminal(["status"], { columns: 80, rows: 24 });
      const { stdout } = await whole.finished;
      // The screen begins with warnings, or with the deployment where there are none.
      const first = await screenOf(stdout, { cols: 80, rows: 40 });
      expect(shown[0]).toBe(first[0]);
      if (!hidden) {
        expect(shown.join("\n")).toContain("Deployment  http://127.0.0.1:");
      }
      expect(shown.at(-1)).toMatch(last);
      const isCut = /… \d+ more lines than the terminal has rows for\./;
      expect(isCut.test(shown.join("\n"))).toBe(hidden);
      watching.child.stdin?.write("\u0003");
      expect((await watching.finished).exitCode).toBe(0);
    },
    TIMEOUT_MS,
  );

  async function screenOf(
    written: string,
    size: { cols: number; rows: number },
  ): Promise<string[]> {
    const terminal = new Terminal({ ...size, allowProposedApi: true });
    await new Promise<void>((done) => terminal.write(written, done));
    const { active } = terminal.buffer;
    return Array.from({ length: size.rows }, (_, row) =>
      active.getLine(active.viewportY + row)?.translateToString(true),
    ).filter((line) => line !== undefined && line !== "") as string[];
  }
});

test(
  "a full disk stops an archived purge: deleted sessions are in the archive whole, the others are kept",
  async () => {
    const args = ["purge", "--days", "14", "--yes", "--archive", "full.gz"];
    // The limit is in blocks of 512 bytes: room for one page, and not for all.
    const line = `ulimit -f 100; exec ${cli.inShell(args)}`;
    const { exitCode, stderr } = await cli.startLine(line).finished;
    expect(exitCode).toBe(1);
    expect(stderr).toContain("EFBIG");
    const left = await total();
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(SESSIONS);
    const resume = /sessions-ops (runs resume .*?)`/.exec(stderr)?.[1] ?? "";
    const ended = await cli.json<RunResultJson>(resume.split(" "));
    expect(ended).toMatchObject({ status: "completed", sessions: SESSIONS });
    const archive = readFileSync(join(cli.folder, "full.gz"));
    const lines = gunzipSync(archive).toString().trimEnd().split("\n");
    const ids = lines.filter((text) => text.includes('"anonymousId"'));
    expect(ids).toHaveLength(SESSIONS);

    await importAll();
    const exporting = `ulimit -f 100; exec ${cli.inShell(["export", "full.jsonl"])}`;
    const exported = await cli.startLine(exporting).finished;
    expect(exported.exitCode).toBe(1);
    expect(exported.stderr).toMatch(/^error: EFBIG: [^\n]*\n$/);
    const files = readdirSync(cli.folder);
    expect(files.filter((name) => name.startsWith("full.jsonl"))).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "two purges at once are one run, and both say what it did",
  async () => {
    await importAll();
    const purge = ["purge", "--days", "14", "--yes"];
    const [first, second] = await Promise.all([
      cli.json<RunResultJson>([...purge, "--rate", "200/s"]),
      cli.json<RunResultJson>([...purge, "--rate", "200/s"]),
    ]);
    expect(second.runId).toBe(first.runId);
    expect([first, second].map(({ sessions }) => sessions)).toEqual([
      SESSIONS,
      SESSIONS,
    ]);
    const followed = [first, second].filter((one) => one.alreadyRunning);
    expect(followed).toHaveLength(1);
    expect(await total()).toBe(0);
  },
  TIMEOUT_MS,
);

test.each([["purge"], ["purge --archive"]])(
  "%s goes on when the network was away in between",
  async (kind) => {
    await importAll();
    await using proxy = await openDroppingProxy(served.url);
    const archive = kind.includes("--archive");
    const purging = cli.start([
      ...["purge", "--days", "14", "--yes", "--rate", "400/s"],
      ...(archive ? ["--archive", "dropped.gz"] : []),
      ...["--url", proxy.url, "--admin-key-file", served.adminKeyFile],
      "--json",
    ]);
    await purging.said("Cutoff:");
    await Promise.race([proxy.passed(8), ended(purging)]);
    await proxy.drop();
    await purging.said("Trying again");
    await proxy.restore();
    const result = await purging.printed<RunResultJson>();
    expect((await purging.finished).exitCode).toBe(0);
    expect(result).toMatchObject({ status: "completed", sessions: SESSIONS });
    expect(await total()).toBe(0);
  },
  TIMEOUT_MS,
);

describe("the key", () => {
  test(
    "is in no argument and no title of any process",
    async () => {
      const watching = cli.start(["status", "--watch"]);
      await watching.firstLine;
      const processes = readdirSync("/proc").filter((name) =>
        /^\d+$/.test(name),
      );
      const titles = processes.flatMap((pid) =>
        ["cmdline", "comm"]
          .map((name) => `/proc/${pid}/${name}`)
          // Processes come and go meanwhile.
          .filter((path) => existsSync(path))
          .map(readIfThere),
      );
      expect(titles.some((title) => title.includes("status"))).toBe(true);
      expect(titles.filter((title) => title.includes(key))).toEqual([]);
      watching.child.kill("SIGINT");
      expect((await watching.finished).exitCode).toBe(0);
    },
    TIMEOUT_MS,
  );

  const DEPLOY_KEY = "prod:happy-animal-123|c2VjcmV0c2VjcmV0";
  test.each<[string, string[], Record<string, string>]>([
    [
      "where the file belongs",
      ["--url", "http://127.0.0.1:9", "--admin-key-file", DEPLOY_KEY],
      {},
    ],
    [
      "where the URL belongs",
      ["--url", DEPLOY_KEY, "--admin-key-file", "key"],
      {},
    ],
    ["where a name belongs", ["--component", DEPLOY_KEY], {}],
    ["as an argument", [DEPLOY_KEY], {}],
    [
      "as the URL in the environment",
      [],
      {
        CONVEX_SELF_HOSTED_URL: DEPLOY_KEY,
        CONVEX_SELF_HOSTED_ADMIN_KEY: DEPLOY_KEY,
      },
    ],
    [
      "for another URL",
      [],
      {
        CONVEX_DEPLOY_KEY: DEPLOY_KEY,
        CONVEX_URL: "https://other-animal-1.convex.cloud",
      },
    ],
    [
      "where Convex cannot be asked",
      [],
      {
        CONVEX_DEPLOY_KEY: DEPLOY_KEY,
        CONVEX_PROVISION_HOST: "http://127.0.0.1:9",
        DEBUG: "*",
      },
    ],
  ])(
    "is not printed when it is pasted %s",
    async (_where, args, env) => {
      writeFileSync(join(cli.folder, "key"), "some|otherkey\n");
      const running = cli.start(["status", ...args], "", env);
      const { exitCode, stdout, stderr } = await running.finished;
      expect(exitCode).toBeGreaterThan(0);
      expect(stdout + stderr).not.toContain("c2VjcmV0");
    },
    TIMEOUT_MS,
  );
});

test(
  "a full disk is an error in words, and loses no receipt",
  async () => {
    const after = async (limit: string, command: string, to: string) => {
      const line = `${limit} ${command} >${to} 2>said; echo $? >code`;
      await cli.startLine(line).finished;
      const [said = "", code] = ["said", "code"].map((name) =>
        readFileSync(join(cli.folder, name), "utf8"),
      );
      expect(said).not.toMatch(/^ {4}at |please report/m);
      expect(code).toBe("1\n");
      return said;
    };
    // Tests before this one have purged the sessions.
    await importAll();
    const list = cli.inShell(["list", "--limit", "2000"]);
    const inWords = /^error: The output cannot be written: E.+: .*write\. /m;
    expect(await after("", list, "/dev/full")).toMatch(inWords);
    // The file takes the first bytes, and no more.
    expect(await after("ulimit -f 8;", list, "listed")).toMatch(inWords);
    expect(
      await after("ulimit -f 8;", cli.inShell(["export", "-"]), "all"),
    ).toMatch(inWords);

    const forget = ["forget", "visitor-7", "--confirm", "visitor-7"];
    const said = await after("", cli.inShell(forget), "/dev/full");
    expect(said).toMatch(/^Erased for good:$/m);
    expect(said).toContain("  anonymousId  visitor-7\n");
    expect(said).toMatch(inWords);
  },
  TIMEOUT_MS,
);

test(
  "help loads three files, status loads no package and no second HTTP client",
  async () => {
    const help = await loadedBy(["--help"]);
    expect(help.files).toBeLessThanOrEqual(3);
    expect(help.packages).toEqual([]);
    const status = await loadedBy(["status"]);
    expect(status.packages).toEqual([]);
    // The bundle has about twenty files, just as the bundler cuts them; its modules are more than
    // sixty.
    expect(status.files).toBeLessThanOrEqual(40);
    // The measure works: the live view has a package of its own.
    const watch = await loadedBy(["status", "--watch"], "SIGINT");
    expect(watch.packages.length).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

test("the built main.js is executable in a clone of the repository", async () => {
  const { finished } = cli.startLine("exec ./cli/main.js --version");
  expect(await finished).toMatchObject({ exitCode: 0, stderr: "" });
});

async function loadedBy(args: string[], end?: NodeJS.Signals) {
  const preload = join(import.meta.dirname, "../support/loadedModules.mjs");
  const env = { NODE_OPTIONS: `--import=${preload}` };
  const running = cli.start(args, "", env);
  await running.firstLine;
  if (end !== undefined) running.child.kill(end);
  const { stderr } = await running.finished;
  const loaded = [...stderr.matchAll(/^loaded (.*)$/gm)]
    .map(([, url = ""]) => url)
    .filter((url) => !url.startsWith("node:") && !url.endsWith(preload));
  return {
    files: loaded.filter((url) => url.includes("/cli/")).length,
    packages: loaded.filter((url) => !url.includes("/cli/")),
  };
}

/** Fails once the command has ended: the awaited output cannot come any more. */
async function ended({ finished }: Running): Promise<never> {
  const { exitCode, stderr } = await finished;
  throw new Error(`It ended too early, with ${exitCode}: ${stderr}`);
}

/** The file's text, or `""` for a process that has ended since it was listed. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
