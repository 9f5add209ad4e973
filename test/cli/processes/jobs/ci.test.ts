/** Every command, and every script for a scheduler, that docs/ci.md shows is run; commands print what is shown there. */
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { codeBlocks } from "../../../docs/markdown.js";
import { tasksOf, Values } from "../../support/consoleBlocks.js";
import { OldSessions } from "../../support/oldSessions.js";

const SESSIONS = 300;
const TIMEOUT_MS = 240_000;
const old = new OldSessions(SESSIONS);
const { cli } = old;
const PAGE = "docs/ci.md";
const blocks = codeBlocks(PAGE);

beforeAll(() => {
  // What runs outside of this machine's deployment: pauses, and what npm would install.
  const stubs = {
    "sessions-ops": `exec ${cli.inShell([])} "$@"`,
    sleep: "exit 0",
  };
  for (const [name, line] of Object.entries(stubs)) {
    const file = join(cli.folder, name);
    writeFileSync(file, `#!/bin/sh\n${line}\n`);
    chmodSync(file, 0o755);
  }
});

test.each(tasksOf(join(import.meta.dirname, "../../../..", PAGE)))(
  "the commands of $heading print the documented output",
  async ({ commands }) => {
    await old.importAll();
    // The yearly purge of this test is one that status warns of.
    await cli.quick(["schedule", "set", "purge", "30 2 * * *"]);
    const values = new Values();
    for (const { command, output, line } of commands) {
      const { stdout } = await inShell(`{ ${command}\n} 2>&1`);
      const isAsShown = values.match(stdout, output);
      const expected = isAsShown ? stdout : output;
      expect(stdout, `line ${line}: ${command}`).toBe(expected);
    }
    await cli.putOffPurges();
  },
  TIMEOUT_MS,
);

const scripts = blocks.flatMap(({ language, code, line }) => {
  if (language === "sh" && code.startsWith("#!")) return [{ line, code }];
  if (language !== "yaml") return [];
  return scriptsOf(parse(code) as Yaml).map((script) => ({
    line,
    code: script,
  }));
});

test("there is a script for each scheduler", () => {
  expect(scripts.length).toBe(5);
});

test.each(scripts.filter(({ code }) => code.includes("purge")))(
  "the script at line $line purges a production deployment, and leaves it alone where it names another",
  async ({ code }) => {
    await old.importAll();
    const inProduction = code.replaceAll("happy-animal-123", "127.0.0.1");
    const wrong = await inShell(code);
    expect(wrong).toMatchObject({ exitCode: 5 });
    expect(await old.total()).toBe(SESSIONS);
    const right = await inShell(inProduction);
    expect(right, right.stderr).toMatchObject({ exitCode: 0 });
    expect(await old.total()).toBe(0);
  },
  TIMEOUT_MS,
);

test(
  "the other scripts succeed as well",
  async () => {
    for (const { code } of scripts) {
      if (code.includes("purge")) continue;
      const done = await inShell(code);
      expect(done, done.stderr).toMatchObject({ exitCode: 0 });
    }
  },
  TIMEOUT_MS,
);

test(
  "the script for any scheduler tries again while nobody answers, and says then why",
  async () => {
    const [script] = scripts.filter(({ code }) => code.startsWith("#!"));
    writeFileSync(join(cli.folder, "sleep"), '#!/bin/sh\necho "$1" >>pauses\n');
    const code = (script?.code ?? "").replace(
      "sessions-ops purge",
      "sessions-ops --url http://127.0.0.1:1 --admin-key-file key --timeout 1s purge",
    );
    writeFileSync(join(cli.folder, "key"), "key-of-nobody");
    const { exitCode, stderr } = await inShell(code);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 4,
      stderr: expect.stringContaining('"retryable":true') as string,
    });
    const pauses = join(cli.folder, "pauses");
    expect(readFileSync(pauses, "utf8")).toBe("60\n300\n0\n");
    rmSync(pauses);
  },
  TIMEOUT_MS,
);

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Runs a script as a job does: the deployment in its environment, and no terminal. */
function inShell(script: string) {
  const isProduction = script.includes("--production");
  // bash stops at the first failure, as GitHub and GitLab run it.
  writeFileSync(join(cli.folder, "job.sh"), script);
  const options = script.startsWith("#!") ? "" : "-eo pipefail";
  return cli.startLine(`PATH=.:$PATH exec bash ${options} job.sh`, {
    CONVEX_SELF_HOSTED_URL: old.served.url,
    CONVEX_SELF_HOSTED_ADMIN_KEY: old.key(),
    GITHUB_STEP_SUMMARY: "summary.md",
    GITHUB_RUN_ID: "1",
    CI_JOB_ID: "1",
    ...(isProduction ? { SESSIONS_OPS_PRODUCTION: "yes" } : {}),
  }).finished;
}

/** The part that matters here of what GitHub, GitLab and Kubernetes read. */
interface Yaml {
  jobs?: Record<string, { steps: { run?: string }[] }>;
  spec?: {
    jobTemplate: {
      spec: { template: { spec: { containers: { args: string[] }[] } } };
    };
  };
  "purge-sessions"?: { script: string[] };
}

/** The scripts, without the installation from npm. */
function scriptsOf({ jobs = {}, spec, ...others }: Yaml): string[] {
  const ofGitHub = Object.values(jobs).flatMap(({ steps }) =>
    steps.flatMap(({ run }) => run ?? []),
  );
  const ofGitLab = others["purge-sessions"]?.script.join("\n") ?? [];
  const pod = spec?.jobTemplate.spec.template.spec;
  const ofKubernetes = (pod?.containers ?? []).map(({ args }) =>
    args.map((word) => `'${word}'`).join(" "),
  );
  return [...ofGitHub, ofGitLab, ofKubernetes]
    .flat()
    .map((script) =>
      script
        .replace(/^npm install --global sessions-ops@\S+\n?/m, "")
        .replace("'npx' '--yes' 'sessions-ops@0.1.0'", "sessions-ops"),
    )
    .filter((script) => script !== "");
}
