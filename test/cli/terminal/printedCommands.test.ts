/** Commands that are printed to be pasted reach the deployment that they were printed for. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { StatusJson } from "../../../cli/json/status/status.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { dailySessions, NOW, setUpDeployment } from "../support/deployment.js";
import { endedPurge } from "../support/endedPurge.js";
import { ADMIN_KEY, DEPLOYMENT_URL } from "../support/fakeTerminal.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";

const TARGET = [
  "--url",
  DEPLOYMENT_URL,
  "--admin-key-file",
  "keys/the staging",
];
const COMPONENT = ["--component", "sessionTracker"];
const FLAGS = `--url ${DEPLOYMENT_URL} --admin-key-file 'keys/the staging' --component sessionTracker`;

/** Old sessions of one user, a run that failed, and a schedule that is paused. */
async function setUpSweep() {
  const deployment = setUpDeployment({
    env: { SESSIONS_OPS_PRODUCTION: "no" },
  });
  const { component, terminal, setPolicy, store } = deployment;
  terminal.write("keys/the staging", ADMIN_KEY);
  const actions = [1, 2].map((at) => ({ at, action: "buy" }));
  await store(dailySessions(20, 30, () => ({ userId: "ada", actions })));
  await setPolicy({ pageSize: 5 });
  await component.mutation(api.schedules.change.pause, {
    ...{ name: "expire", reason: "audit", actor: "cli:bob@desk" },
  });
  const runId = await endedPurge(component, NOW - 100 * DAY_MS, {
    status: "failed",
    quarantined: 1,
    finishedAt: NOW,
    errors: [{ at: NOW, message: "it broke" }],
  });
  return { ...deployment, runId };
}

/**
 * The arguments of each command, with RUN for the failed run, and the call whose answer is lost, if
 * any.
 */
const SWEEP: ReadonlyArray<readonly [line: string, lost?: string]> = [
  ["status"],
  ["status --json"],
  ["doctor"],
  ["doctor --json"],
  ["list --limit 1 --jsonl"],
  ["show nobody"],
  ["show nobody --json"],
  ["show old-1 --limit 1"],
  ["end nobody"],
  ["end old-1", "visitors/block:end"],
  ["end old-1 --block 24h"],
  ["unblock old-1", "visitors/block:lift"],
  ["forget nobody"],
  ["forget old-1 --confirm old-1"],
  ["forget old-1 --confirm old-1", "visitors/forget:visitor"],
  ["purge --dry-run"],
  ["purge --dry-run --max 3 --rate 5"],
  ["purge --yes --detach"],
  ["purge --yes --max 5"],
  ["purge --yes", "runs/control:start"],
  ["purge --yes", "runs/ledger:get"],
  ["purge --yes --archive 'keys/the staging'"],
  ["purge --yes --archive new.gz", "runs/archive:purgePage"],
  ["runs show nothing"],
  ["runs watch RUN"],
  ["runs watch RUN --json"],
  ["runs cancel RUN", "runs/control:cancel"],
  ["runs resume RUN", "runs/control:resume"],
  ["settings set idleTimeoutMs=45m --if-revision 1"],
  ["settings set idleTimeoutMs=45m", "settings/settings:change"],
  ["settings set schedules=often"],
  ["settings log --limit 1"],
  ["retention 100", "settings/settings:change"],
  ["schedule set purge"],
  ["schedule set purge '0 3 * * *'", "schedules/change:set"],
  ["schedule pause purge --reason x", "schedules/change:pause"],
  ["schedule resume purge", "schedules/change:resume"],
];

const COMMAND = /sessions-ops (?!serve|completion|help)(?=[a-z-])/g;

test.each(SWEEP)(
  "%s (lost: %s) prints commands for its target",
  async (line = "", lost) => {
    const { terminal, runId } = await setUpSweep();
    if (lost !== undefined) terminal.loseAnswers(lost, 1_000);
    const args = (line.match(/'[^']*'|\S+/g) ?? []).map((word) =>
      word.replaceAll("'", "").replace("RUN", runId),
    );
    const { stdout, stderr } = await terminal.run(
      ...args,
      ...TARGET,
      ...COMPONENT,
    );
    // The backslashes that JSON adds are no part of the text.
    const text = `${stdout}\n${stderr}`.replaceAll('\\"', '"');
    const printed = [...text.matchAll(COMMAND)].map(({ index }) =>
      text.slice(index, index + 200),
    );
    if (!line.startsWith("list")) expect(printed, text).not.toEqual([]);
    for (const command of printed) {
      expect(command).toMatch(new RegExp(`^sessions-ops ${FLAGS} [a-z]`));
    }
    expect(text).not.toContain(ADMIN_KEY);
  },
);

test("the component's refusal of an archived run names the target in its command", async () => {
  const { terminal, component, runId } = await setUpSweep();
  await component.run(async (ctx) => {
    const [run] = await ctx.db.query("runs").collect();
    if (run) await ctx.db.patch("runs", run._id, { archiveFile: "/old.gz" });
  });
  const { stderr } = await terminal.run("runs", "resume", runId, ...TARGET);
  expect(stderr).toContain(
    `\`sessions-ops --url ${DEPLOYMENT_URL} --admin-key-file 'keys/the staging' runs resume ${runId} --archive`,
  );
});

test("a dry run's command deletes what the dry run counted, and asks no other deployment", async () => {
  const { terminal } = await setUpSweep();
  const asked: string[] = [];
  const { fetch } = terminal.overrides;
  Object.assign(terminal.overrides, {
    fetch: (url: string, init: unknown) => {
      asked.push(new URL(url).origin);
      return fetch?.(url, init as never);
    },
  });
  // Without flags the folder would choose this one.
  terminal.write(
    ".env.local",
    "CONVEX_SELF_HOSTED_URL=http://production.test\nCONVEX_SELF_HOSTED_ADMIN_KEY=other\n",
  );
  const dry = await terminal.run("purge", "--dry-run", ...TARGET);
  const [, line = ""] = /these: sessions-ops (.*)/.exec(dry.stdout) ?? [];
  const words = (line.match(/'[^']*'|\S+/g) ?? []).map((word) =>
    word.replaceAll("'", ""),
  );
  const { stdout, stderr } = await terminal.run(...words, "--yes");
  expect(stdout, stderr).toContain("deleted 20 sessions");
  expect(new Set(asked)).toEqual(new Set([DEPLOYMENT_URL]));
});

const OF_ENVIRONMENT = {
  SESSIONS_OPS_PRODUCTION: "no",
  CONVEX_SELF_HOSTED_URL: DEPLOYMENT_URL,
  CONVEX_SELF_HOSTED_ADMIN_KEY: ADMIN_KEY,
};

test("a target of the environment is named by its URL, which alone reaches no other", async () => {
  const { terminal } = await setUpSweep();
  Object.assign(terminal.overrides, {
    env: { ...OF_ENVIRONMENT, SESSIONS_OPS_COMPONENT: "sessionTracker" },
  });
  const dry = await terminal.run("purge", "--dry-run");
  const [, line = ""] = /these: sessions-ops (.*)/.exec(dry.stdout) ?? [];
  expect(line).toMatch(
    new RegExp(`^--url ${DEPLOYMENT_URL} --component sessionTracker purge `),
  );
  // The command is pasted where the variables were set for the first one only.
  const purge = [...line.split(" "), "--yes"];
  Object.assign(terminal.overrides, {
    env: { SESSIONS_OPS_PRODUCTION: "no" },
  });
  terminal.write(
    ".env.local",
    "CONVEX_SELF_HOSTED_URL=http://production.test\nCONVEX_SELF_HOSTED_ADMIN_KEY=other\n",
  );
  const elsewhere = await terminal.run(...purge);
  expect(elsewhere).toMatchObject({ exitCode: 4, stdout: "" });
  expect(elsewhere.stderr).toContain(
    `--url ${DEPLOYMENT_URL} needs --admin-key-file with the deployment's key; the key here (CONVEX_SELF_HOSTED_URL from .env.local) is that of http://production.test.`,
  );
  Object.assign(terminal.overrides, { env: OF_ENVIRONMENT });
  const { stdout, stderr } = await terminal.run(...purge);
  expect(stdout, stderr).toContain("deleted 20 sessions");
});

test("a target that the folder names needs no flags", async () => {
  const { terminal } = await setUpSweep();
  const { warnings } = await terminal.json<StatusJson>("status");
  expect(warnings.join("\n")).toContain("`sessions-ops runs resume ");
  expect(warnings.join("\n")).not.toContain("--url");
});

test("every command in a text of ours stands where it is completed", () => {
  const root = join(import.meta.dirname, "../../..");
  const texts = ["cli", "convex"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts") && !path.includes("_generated"))
      .map((path) => join(root, folder, path)),
  );
  const names =
    "status|hooks|list|show|end|forget|purge|expire|runs|retention|settings|schedule|import|export|doctor|dashboard";
  const misplaced = new RegExp(
    `[^\\n]*(?<![\`(]|: |\\$ |^ *)sessions-ops (?:${names})\\b[^\\n]*`,
    "gm",
  );
  const found = texts.flatMap((path) =>
    [
      ...readFileSync(path, "utf8")
        .replaceAll("\\`", "`")
        // Comments of the code are printed nowhere.
        .replaceAll(/^\s*(?:\/?\*|\/\/).*$/gm, "")
        .matchAll(misplaced),
    ].map(([line]) => line.trim()),
  );
  expect(found).toEqual([]);
});
