/** Deployments by name: the file, its commands, and which deployment a command reaches. */
import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type {
  DeploymentChangeJson,
  DeploymentCheckJson,
  DeploymentListJson,
  DeploymentUseJson,
} from "../../../cli/json/deployments/deployments.js";
import { setUpDeployment } from "../support/deployment.js";
import { ADMIN_KEY, FakeTerminal } from "../support/fakeTerminal.js";

const URLS = {
  shop: "https://shop.example.com",
  staging: "https://staging.example.com",
};

/** A terminal with an account's folder, two key files, and a network that records where keys go. */
function setUp(env: Record<string, string> = {}) {
  const sent: string[] = [];
  const terminal = new FakeTerminal({
    fetch: (url, init) => {
      const key = new Headers(init?.headers).get("authorization");
      sent.push(`${new URL(url).origin} ${key}`);
      return Promise.resolve(new Response("", { status: 401 }));
    },
  });
  const config = join(terminal.folder, "account");
  Object.assign(terminal.overrides, {
    env: { XDG_CONFIG_HOME: config, ...env },
  });
  terminal.write("keys/shop", "shop-key-0123456789\n");
  terminal.write("keys/staging", "staging-key-0123456789\n");
  const file = join(config, "sessions-ops", "deployments.json");
  const add = (name: keyof typeof URLS, ...more: string[]) =>
    terminal.run(
      ...["deployments", "add", name, "--url", URLS[name]],
      ...["--admin-key-file", `keys/${name}`, ...more],
    );
  return { terminal, sent, file, add };
}

test("a deployment is added to a file of the account alone, without its key, and listed", async () => {
  const { terminal, file, add } = setUp();
  expect(await terminal.run("deployments")).toMatchObject({
    exitCode: 0,
    stdout: "No deployments are named.\n",
  });
  expect(await add("staging")).toMatchObject({ exitCode: 0 });
  const added = JSON.parse(
    (await add("shop", "--is-production", "yes", "--component", "t", "--json"))
      .stdout,
  ) as DeploymentChangeJson;
  const shop = {
    url: URLS.shop,
    adminKeyFile: join(terminal.folder, "keys/shop"),
    component: "t",
    production: true,
  };
  expect(added).toEqual({
    file,
    deployment: { name: "shop", ...shop, isDefault: false },
  });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const text = readFileSync(file, "utf8");
  expect(text).not.toContain("key-0123456789");
  expect(JSON.parse(text)).toMatchObject({ version: 1, deployments: { shop } });
  const used = await terminal.json<DeploymentUseJson>(
    ...["deployments", "use", "staging"],
  );
  expect(used).toEqual({ file, default: "staging", overriddenBy: null });
  const list = await terminal.json<DeploymentListJson>("deployments", "list");
  expect(list).toMatchObject({
    file,
    default: "staging",
    deployments: [
      { name: "shop", isDefault: false },
      { name: "staging", component: null, production: null, isDefault: true },
    ],
  });
  const { stdout, stderr } = await terminal.run("deployments", "list");
  expect(stdout).toContain("staging (default)");
  expect(stderr).toContain("Here: staging, the default.");
  const removed = await terminal.json<DeploymentChangeJson>(
    ...["deployments", "remove", "staging"],
  );
  expect(removed.deployment).toMatchObject({ name: "staging" });
  const left = await terminal.json<DeploymentListJson>("deployments");
  expect(left).toMatchObject({
    default: null,
    deployments: [{ name: "shop" }],
  });
});

test.each([
  [["a b"], 2, "cannot be the name"],
  [["--", "-x"], 2, "cannot be the name"],
  [["https://x.example"], 2, "cannot be the name"],
  [["shop"], 2, "There is a deployment shop already"],
  [["new", "--admin-key-file", "keys/none"], 4, "no admin key file"],
  [["new", "--admin-key-file", "prod:x|c2VjcmV0c2VjcmV0"], 2, "like a key"],
  [["new", "--url", "https://u:pw@x.example"], 2, "user name or a password"],
  [
    ["new", "--url", "https://b-1.convex.cloud"],
    2,
    "key of the deployment a-1",
  ],
])("deployments add %j is refused with %d: %s", async (words, code, text) => {
  const { terminal, file, add } = setUp();
  await add("shop");
  terminal.write("keys/cloud", "dev:a-1|c2VjcmV0c2VjcmV0");
  const before = readFileSync(file, "utf8");
  const { exitCode, stderr } = await terminal.run(
    ...["deployments", "add", "--url", URLS.shop],
    ...["--admin-key-file", "keys/cloud", ...words],
  );
  expect({ exitCode, stderr }).toEqual({
    exitCode: code,
    stderr: expect.stringContaining(text) as string,
  });
  expect(stderr).not.toMatch(/c2VjcmV0|:pw@/);
  expect(readFileSync(file, "utf8")).toBe(before);
});

test("fields that are not ours stay in the file", async () => {
  const { terminal, file, add } = setUp();
  await add("shop", "--component", "old");
  const content = JSON.parse(readFileSync(file, "utf8")) as {
    deployments: { shop: object };
  };
  const shop = { ...content.deployments.shop, team: "ops" };
  const mine = { ...content, deployments: { shop }, theme: { dark: true } };
  terminal.write("account/sessions-ops/deployments.json", JSON.stringify(mine));
  await add("shop", "--replace");
  await add("staging");
  const after: unknown = JSON.parse(readFileSync(file, "utf8"));
  expect(after).toMatchObject({
    theme: { dark: true },
    deployments: { shop: { team: "ops" }, staging: {} },
  });
  expect(JSON.stringify(after)).not.toContain("old");
});

test.each([
  ["{", "cannot be used"],
  ['{"version":2,"deployments":{}}', "newer sessions-ops"],
  ['{"version":1}', "deployments is not an object"],
  ['{"version":1,"deployments":{"a":{"url":1}}}', "deployments.a: url"],
  [
    '{"version":1,"deployments":{"a":{"url":"https://a","adminKeyFile":"k"}}}',
    "not an absolute path",
  ],
  ['{"version":1,"default":"b","deployments":{}}', "default is not the name"],
])("a broken file is reported and left as it is: %s", async (text, why) => {
  const { terminal, file, add } = setUp();
  terminal.write("account/sessions-ops/deployments.json", text);
  for (const words of [["deployments"], ["status", "--deployment", "shop"]]) {
    const { exitCode, stderr } = await terminal.run(...words);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringContaining(why) as string,
    });
  }
  expect((await add("shop")).exitCode).toBe(1);
  expect(readFileSync(file, "utf8")).toBe(text);
});

test("of two changes at once the second is refused, and nothing is lost", async () => {
  const { terminal, file, add } = setUp();
  await add("shop");
  terminal.write("account/sessions-ops/deployments.json.new", "");
  const refused = await add("staging");
  expect(refused).toMatchObject({ exitCode: 1 });
  expect(refused.stderr).toContain("another command is changing the file");
  rmSync(`${file}.new`);
  expect((await add("staging")).exitCode).toBe(0);
});

const SHOP = `${URLS.shop} Convex shop-key-0123456789`;
const STAGING = `${URLS.staging} Convex staging-key-0123456789`;
const SERVED = `http://127.0.0.1:3210 Convex ${ADMIN_KEY}`;
const BESIDE = `${URLS.staging} Convex beside`;
const HERE = {
  CONVEX_SELF_HOSTED_URL: URLS.staging,
  CONVEX_SELF_HOSTED_ADMIN_KEY: "beside",
};
const NAMED = { SESSIONS_OPS_DEPLOYMENT: "staging" };

test.each<[string, string[], Record<string, string>, boolean, string]>([
  ["--deployment before all else", ["shop"], { ...HERE, ...NAMED }, true, SHOP],
  ["its variable before CONVEX_…", [], { ...HERE, ...NAMED }, true, STAGING],
  ["CONVEX_… before the default", [], HERE, false, BESIDE],
  ["serve in this folder before the default", [], {}, true, SERVED],
  ["the default where nothing else is", [], {}, false, SHOP],
])("precedence: %s", async (_case, named, env, isServed, expected) => {
  const { terminal, sent, add } = setUp(env);
  await add("shop");
  await add("staging");
  await terminal.run("deployments", "use", "shop");
  if (isServed) terminal.serveHere("http://127.0.0.1:3210");
  const flags = named.flatMap((name) => ["--deployment", name]);
  const { stderr } = await terminal.run("status", "--json", ...flags);
  expect(new Set(sent)).toEqual(new Set([expected]));
  const isDefault = expected === SHOP && named.length === 0;
  expect(stderr.includes("so it is shop, the default")).toBe(isDefault);
  const isHiding = expected === STAGING;
  expect(stderr.includes("is ignored: SESSIONS_OPS_DEPLOYMENT")).toBe(isHiding);
});

test("where serve was killed in this folder, the default does not stand in for it", async () => {
  const { terminal, sent, add } = setUp();
  await add("shop");
  await terminal.run("deployments", "use", "shop");
  terminal.serveHere();
  Object.assign(terminal.overrides, { isProcessAlive: () => false });
  const { exitCode, stderr } = await terminal.run("status");
  expect({ exitCode, sent }).toEqual({ exitCode: 4, sent: [] });
  expect(stderr).toContain("no longer runs");
  const used = await terminal.run("deployments", "use", "shop");
  expect(used.stderr).toContain(
    "Here the deployment of `serve` in this folder goes before it",
  );
});

test("a folder that came from elsewhere names no deployment of the account", async () => {
  const { terminal, sent, add } = setUp();
  await add("shop");
  terminal.write(".env", "SESSIONS_OPS_DEPLOYMENT=shop\nXDG_CONFIG_HOME=.\n");
  terminal.write(
    "sessions-ops/deployments.json",
    JSON.stringify({ version: 1, deployments: {} }),
  );
  expect(await terminal.run("status")).toMatchObject({ exitCode: 4 });
  Object.assign(terminal.overrides, { env: { XDG_CONFIG_HOME: "." } });
  const { exitCode } = await terminal.run("status", "--deployment", "shop");
  expect({ exitCode, sent }).toEqual({ exitCode: 2, sent: [] });
});

test.each([
  [["--deployment", "none"], 'no deployment "none" (--deployment). There are'],
  [["--deployment", "constructor"], "no deployment"],
  [["--deployment", "shop", "--url", URLS.shop], "Leave one out"],
  [["--deployment", "shop", "--admin-key-file", "keys/shop"], "Leave one out"],
])("%j is a usage error", async (flags, text) => {
  const { terminal, add } = setUp();
  await add("shop");
  const { exitCode, stderr } = await terminal.run("status", ...flags);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringContaining(text) as string,
  });
});

/** The terminal of a real component, whose deployment has a name of the account's. */
async function setUpNamed(...more: string[]) {
  const deployment = setUpDeployment();
  const { terminal } = deployment;
  const env = { XDG_CONFIG_HOME: join(terminal.folder, "account") };
  Object.assign(terminal.overrides, { env });
  terminal.write("key", ADMIN_KEY);
  rmSync(join(terminal.folder, ".sessions-ops"), { recursive: true });
  await terminal.run(
    ...["deployments", "add", "shop", "--url", "https://shop.example.com"],
    ...["--admin-key-file", "key", ...more],
  );
  return deployment;
}

test("printed commands carry the name, and the target says it", async () => {
  const { terminal } = await setUpNamed("--is-production", "no");
  const { stderr, exitCode } = await terminal.run(
    ...["retention", "100", "--deployment", "shop"],
  );
  expect({ stderr, exitCode }).toMatchObject({ exitCode: 0 });
  expect(stderr).toContain(
    "Target: https://shop.example.com (deployment shop, --deployment), component sessionTracker",
  );
  const shown = await terminal.run("show", "x", "--deployment", "shop");
  expect(shown.stderr).toContain("`sessions-ops --deployment shop list`");
  await terminal.run("deployments", "use", "shop");
  const byDefault = await terminal.run("show", "x");
  expect(byDefault.stderr).toContain("`sessions-ops --deployment shop list`");
  expect(byDefault.stderr).toContain("`sessions-ops deployments use`");
});

test.each<[string[], number]>([
  [[], 5],
  [["--is-production", "yes"], 5],
  [["--is-production", "no"], 0],
])("added with %j, a write ends with %d", async (flags, exitCode) => {
  const { terminal } = await setUpNamed(...flags);
  const write = ["retention", "100", "--deployment", "shop"];
  expect(await terminal.run(...write)).toMatchObject({ exitCode });
  const named = await terminal.run(
    ...write,
    "--production",
    "shop.example.com",
  );
  expect(named).toMatchObject({ exitCode: 0 });
});

test("check says what works, and of all what does not", async () => {
  const { terminal } = await setUpNamed();
  const one = await terminal.json<DeploymentCheckJson>("deployments", "check");
  expect(one).toMatchObject({
    healthy: true,
    deployments: [{ name: "shop", url: URLS.shop, healthy: true }],
  });
  expect(one.deployments[0]?.findings.map(({ check }) => check)).toEqual([
    ...["network", "key", "component", "version", "clock"],
  ]);
  const more = ["--admin-key-file", "key", "--component", "nowhere"];
  await terminal.run(
    ...["deployments", "add", "other", "--url", URLS.staging, ...more],
  );
  terminal.write("key2", "another-key");
  await terminal.run(
    ...["deployments", "add", "refused", "--url", URLS.staging],
    ...["--admin-key-file", "key2"],
  );
  const all = await terminal.run("deployments", "check", "--json");
  expect(all.exitCode).not.toBe(0);
  const { healthy, deployments } = JSON.parse(
    all.stdout,
  ) as DeploymentCheckJson;
  expect(healthy).toBe(false);
  expect(deployments.find(({ name }) => name === "refused")).toMatchObject({
    healthy: false,
  });
  rmSync(join(terminal.folder, "key2"));
  const gone = await terminal.run("deployments", "check", "refused");
  expect(gone).toMatchObject({ exitCode: 4 });
  expect(gone.stdout).toContain("no admin key file");
  const text = await terminal.run("deployments", "check", "shop");
  expect(text).toMatchObject({ exitCode: 0 });
});
