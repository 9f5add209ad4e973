/** Confirmations of writes to production, and commands that need none. */
import { expect, test } from "vitest";
import { httpFetch, type Fetch } from "../../../cli/deployment/http.js";
import type { StatusJson } from "../../../cli/json/status/status.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { setUpDeployment } from "../support/deployment.js";
import { ADMIN_KEY } from "../support/fakeTerminal.js";

const URL = "https://happy-animal-123.convex.cloud";
const PROD = { CONVEX_DEPLOY_KEY: "prod:happy-animal-123|c2VjcmV0" };

function setUp(env: Record<string, string>, interactive = false) {
  const deployment = setUpDeployment({ env, interactive });
  const { fetch } = deployment.terminal.overrides;
  const asServed: Fetch = (url, init) =>
    // The fake deployment has one key of its own.
    (fetch ?? httpFetch)(url, {
      ...init,
      headers: { authorization: `Convex ${ADMIN_KEY}` },
    });
  Object.assign(deployment.terminal.overrides, { fetch: asServed });
  return deployment;
}

const WRITES = [
  ["retention", "30"],
  ["settings", "set", "pageSize=500"],
  ["schedule", "set", "purge", "0 3 * * *"],
  ["schedule", "pause", "purge", "--reason", "audit"],
  ["schedule", "resume", "purge"],
  ["end", "somebody"],
  ["forget", "somebody", "--confirm", "somebody"],
  ["expire"],
  ["purge", "--days", "14", "--yes"],
  ["doctor", "--fix"],
];

test.each(WRITES)(
  "%s %s … needs the deployment's name, and says so",
  async (...args) => {
    const { terminal, component } = setUp({ ...PROD, CONVEX_URL: URL });
    await component.mutation(api.visitors.heartbeat.beat, {
      anonymousId: "somebody",
    });
    const refused = await terminal.run(...args);
    expect(refused.exitCode).toBe(5);
    expect(refused.stderr).toContain("PRODUCTION");
    expect(refused.stderr).toContain("--production happy-animal-123");
    expect(refused.stderr + refused.stdout).not.toContain("c2VjcmV0");
    expect(
      (await terminal.run(...args, "--production", "other")).exitCode,
    ).toBe(5);
    const done = await terminal.run(
      ...args,
      "--production",
      "happy-animal-123",
    );
    expect(done.exitCode).toBe(0);
  },
);

test("a write at a terminal asks for the deployment's name", async () => {
  const { terminal } = setUp({ ...PROD, CONVEX_URL: URL }, true);
  terminal.answers = ["yes", "", "happy-animal-123"];
  const change = ["settings", "set", "pageSize=500"];
  expect((await terminal.run(...change)).exitCode).toBe(5);
  expect((await terminal.run(...change)).exitCode).toBe(2);
  expect((await terminal.run(...change)).exitCode).toBe(0);
  expect(terminal.questions[0]).toBe(
    "This changes the production deployment happy-animal-123. Type its name to go on:",
  );
});

test("status asks nothing, and shows the banner", async () => {
  const { terminal } = setUp({ ...PROD, CONVEX_URL: URL });
  const { stdout, exitCode } = await terminal.run("status");
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^ PRODUCTION {2}happy-animal-123\n/);
});

test.each([[], ["--json"]])(
  "doctor %s asks nothing, and says which deployment it examines",
  async (...options) => {
    const { terminal } = setUp({ ...PROD, CONVEX_URL: URL });
    const { stdout, stderr } = await terminal.run("doctor", ...options);
    expect(stderr).toContain(`Target: ${URL} (CONVEX_DEPLOY_KEY from`);
    expect(stderr).toContain("PRODUCTION  happy-animal-123");
    expect(stdout).toContain(`${URL} answers`);
    expect(stdout).not.toContain("Target");
  },
);

const SELF_HOSTED = { CONVEX_SELF_HOSTED_ADMIN_KEY: "self-hosted|c2VjcmV0" };

test.each<[string, Record<string, string>, string | null]>([
  ["a production key", { ...PROD, CONVEX_URL: URL }, "happy-animal-123"],
  [
    "one with a domain of its own",
    { ...PROD, CONVEX_URL: "https://sessions.example.com" },
    "happy-animal-123",
  ],
  [
    "a development key",
    {
      CONVEX_DEPLOY_KEY: "dev:tall-forest-1|c2VjcmV0",
      CONVEX_URL: "https://tall-forest-1.convex.cloud",
    },
    null,
  ],
  [
    "the key of a preview",
    {
      CONVEX_DEPLOY_KEY: "preview:tall-forest-1|c2VjcmV0",
      CONVEX_URL: "https://tall-forest-1.convex.cloud",
    },
    null,
  ],
  [
    "self-hosted somewhere",
    { ...SELF_HOSTED, CONVEX_SELF_HOSTED_URL: "https://convex.example.com" },
    "convex.example.com",
  ],
  [
    "self-hosted somewhere, for tests",
    {
      ...SELF_HOSTED,
      CONVEX_SELF_HOSTED_URL: "https://convex.example.com",
      SESSIONS_OPS_PRODUCTION: "no",
    },
    null,
  ],
  [
    "self-hosted on this machine",
    { ...SELF_HOSTED, CONVEX_SELF_HOSTED_URL: "http://127.0.0.1:3210" },
    null,
  ],
  [
    "on this machine, in production",
    {
      ...SELF_HOSTED,
      CONVEX_SELF_HOSTED_URL: "http://localhost:3210",
      SESSIONS_OPS_PRODUCTION: "yes",
    },
    "localhost",
  ],
  ["served in this folder", {}, null],
  [
    "served in this folder, in production",
    { SESSIONS_OPS_PRODUCTION: "yes" },
    "127.0.0.99",
  ],
])(
  "the deployment's name in production, by %s: %j",
  async (_name, env, productionName) => {
    const { terminal } = setUp(env);
    const status = await terminal.json<StatusJson>("status");
    expect(status.target.productionName).toBe(productionName);
  },
);

test("SESSIONS_OPS_PRODUCTION takes only yes and no", async () => {
  const { terminal } = setUp({
    ...PROD,
    CONVEX_URL: URL,
    SESSIONS_OPS_PRODUCTION: "1",
  });
  const { exitCode, stderr } = await terminal.run("status");
  expect(exitCode).toBe(2);
  expect(stderr).toContain('SESSIONS_OPS_PRODUCTION (the environment) is "1"');
});

test("a `no` in a file holds only for deployments that the folder names", async () => {
  const elsewhere = {
    ...SELF_HOSTED,
    CONVEX_SELF_HOSTED_URL: "https://convex.example.com",
  };
  const { terminal } = setUp(elsewhere);
  terminal.write(".env", "SESSIONS_OPS_PRODUCTION=no\n");
  const { stdout, stderr } = await terminal.run("status", "--json");
  const { target } = JSON.parse(stdout) as StatusJson;
  expect(target.productionName).toBe("convex.example.com");
  expect(stderr).toContain(
    "SESSIONS_OPS_PRODUCTION=no (.env) is ignored: it says nothing of a deployment that is not named in a file here.",
  );
});

test("a `no` in a file holds for a deployment that the folder names and --url repeats", async () => {
  const env: Record<string, string> = {};
  const { terminal } = setUp(env);
  env["XDG_STATE_HOME"] = terminal.folder;
  terminal.write(
    ".env.local",
    `CONVEX_SELF_HOSTED_URL=https://convex.example.com\nCONVEX_SELF_HOSTED_ADMIN_KEY=${ADMIN_KEY}\n`,
  );
  terminal.write(".env", "SESSIONS_OPS_PRODUCTION=no\n");
  const status = await terminal.json<StatusJson>(
    ...["status", "--url", "https://convex.example.com"],
  );
  expect(status.target.productionName).toBeNull();
});
