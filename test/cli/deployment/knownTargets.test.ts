/** A folder that somebody else has filled gets no key of the operator's. */
import { readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeRunningDeployment } from "../../../cli/deployment/target/runningDeployment.js";
import { ADMIN_KEY, FakeTerminal } from "../support/fakeTerminal.js";

const REMOTE = "https://convex.example.com";
const FILE = `CONVEX_SELF_HOSTED_URL=${REMOTE}\nCONVEX_SELF_HOSTED_ADMIN_KEY=${ADMIN_KEY}\n`;

/** A terminal whose network records which key went where, and refuses all requests. */
function setUp(env: Record<string, string> = {}) {
  const sent: string[] = [];
  const terminal = new FakeTerminal({
    fetch: (url, init) => {
      const headers = new Headers(init?.headers);
      sent.push(`${new URL(url).origin} ${headers.get("authorization")}`);
      return Promise.resolve(new Response("", { status: 401 }));
    },
  });
  const state = join(terminal.folder, "state");
  const withState = { XDG_STATE_HOME: state, ...env };
  Object.assign(terminal.overrides, { env: withState });
  const known = join(state, "sessions-ops", "known-targets");
  return { terminal, sent, known };
}

/** Writes the deployment.json of a folder that somebody else made: with a process id that lives. */
function plant(
  terminal: FakeTerminal,
  deployment: { url?: string; dataDir?: string; adminKeyFile?: string },
): void {
  writeRunningDeployment(terminal.folder, {
    url: "http://127.0.0.1:3210",
    dataDir: join(terminal.folder, "data"),
    adminKeyFile: join(terminal.folder, "data", "admin-key"),
    pid: 1,
    ...deployment,
  });
}

test.each([
  "http://evil.example",
  "http://127.evil.example",
  "http://10.0.0.1:3210",
])("a deployment.json that names %s gets no key", async (url) => {
  const { terminal, sent } = setUp();
  terminal.write("data/admin-key", ADMIN_KEY);
  plant(terminal, { url });
  const { exitCode, stderr } = await terminal.run("status");
  expect({ exitCode, sent }).toEqual({ exitCode: 4, sent: [] });
  expect(stderr).toContain(`${url} is not on this machine`);
});

test("a deployment.json gets no key from outside its data directory, not even by a link", async () => {
  const { terminal, sent } = setUp();
  const secret = terminal.write("home/secret", ADMIN_KEY);
  terminal.write("data/data.lmdb", "");
  symlinkSync(secret, join(terminal.folder, "data", "linked"));
  const linked = join(terminal.folder, "data", "linked");
  const up = join(terminal.folder, "data", "..", "home", "secret");
  for (const adminKeyFile of [secret, linked, up]) {
    plant(terminal, { adminKeyFile });
    const { exitCode, stderr } = await terminal.run("status");
    expect({ exitCode, sent }).toEqual({ exitCode: 4, sent: [] });
    expect(stderr).toContain("is not in its data directory");
  }
});

test("a planted deployment.json is not advised where another deployment's key is missing", async () => {
  const { terminal } = setUp();
  terminal.write("data/admin-key", ADMIN_KEY);
  plant(terminal, { url: "http://evil.example" });
  terminal.write(".env.local", "CONVEX_DEPLOYMENT=dev:tall-forest-1234\n");
  const { stderr } = await terminal.run("status");
  expect(stderr).toContain("CONVEX_DEPLOYMENT is dev:tall-forest-1234");
  expect(stderr).not.toContain("evil.example");
});

test("the deployment that serve runs here is used without a question", async () => {
  const { terminal, sent } = setUp();
  terminal.write("data/admin-key", ADMIN_KEY);
  plant(terminal, {});
  await terminal.run("status");
  expect(sent[0]).toBe(`http://127.0.0.1:3210 Convex ${ADMIN_KEY}`);
});

const DEPLOY_KEY = "prod:happy-animal-123|c2VjcmV0c2VjcmV0";

test("a planted .env does not choose the host that gets a deploy key of the environment", async () => {
  const { terminal, sent } = setUp({ CONVEX_DEPLOY_KEY: DEPLOY_KEY });
  terminal.write(".env", "CONVEX_PROVISION_HOST=http://evil.example\n");
  await terminal.run("status");
  expect(sent).toEqual([`https://api.convex.dev Bearer ${DEPLOY_KEY}`]);
});

test("a key in a file goes to a new address only once confirmed, and from then on without a question", async () => {
  const { terminal, sent, known } = setUp();
  terminal.write(".env.local", FILE);
  const refused = await terminal.run("status", "--json");
  expect(refused).toMatchObject({ exitCode: 5, stdout: "" });
  expect(refused.stderr).toContain(`add --url ${REMOTE}`);
  Object.assign(terminal.overrides, { interactive: true });
  terminal.answers = [false];
  expect(await terminal.run("status")).toMatchObject({ exitCode: 2 });
  expect(sent).toEqual([]);
  terminal.answers = [true];
  await terminal.run("status");
  expect(terminal.questions.at(-1)).toBe(
    `The key here (CONVEX_SELF_HOSTED_URL from .env.local) was never sent to ${REMOTE} from this account. Send it?`,
  );
  expect(sent.length).toBeGreaterThan(0);
  sent.length = 0;
  Object.assign(terminal.overrides, { interactive: false });
  expect(await terminal.run("status", "--json")).toMatchObject({ exitCode: 4 });
  expect(sent.length).toBeGreaterThan(0);
  expect(statSync(known).mode & 0o777).toBe(0o600);
  expect(readFileSync(known, "utf8")).toMatch(/^[0-9a-f]{64}\n$/);
  // The same key to another address needs a confirmation again.
  terminal.write(".env.local", FILE.replace(REMOTE, "https://evil.example"));
  sent.length = 0;
  expect(await terminal.run("status")).toMatchObject({ exitCode: 5 });
  expect(sent).toEqual([]);
});

test.each<[string, Record<string, string>, string[]]>([
  [
    "the environment",
    {
      CONVEX_SELF_HOSTED_URL: REMOTE,
      CONVEX_SELF_HOSTED_ADMIN_KEY: ADMIN_KEY,
    },
    [],
  ],
  ["--url and a key file", {}, ["--url", REMOTE, "--admin-key-file", "key"]],
  ["--url alone, whose key is in .env.local", {}, ["--url", REMOTE]],
])(
  "an address named by %s needs no confirmation",
  async (_name, env, flags) => {
    const { terminal, sent } = setUp(env);
    terminal.write("key", ADMIN_KEY);
    if (flags.length === 2) terminal.write(".env.local", FILE);
    const { exitCode } = await terminal.run("status", "--json", ...flags);
    expect(exitCode).toBe(4);
    expect(sent[0]).toBe(`${REMOTE} Convex ${ADMIN_KEY}`);
    // The command asks nothing from here on, in a terminal either.
    Object.assign(terminal.overrides, { interactive: true });
    await terminal.run("status", ...flags);
    expect(terminal.questions).toEqual([]);
  },
);

test("a target that cannot be remembered is reported, and used all the same", async () => {
  const { terminal, sent } = setUp({
    CONVEX_SELF_HOSTED_URL: REMOTE,
    CONVEX_SELF_HOSTED_ADMIN_KEY: ADMIN_KEY,
  });
  terminal.write("state", "a file, where a folder should be");
  const { stderr } = await terminal.run("status");
  expect(stderr).toContain("known-targets cannot be written");
  expect(sent).not.toEqual([]);
  rmSync(join(terminal.folder, "state"));
});

test("a deploy key in .env.local beside its own deployment's address needs no confirmation", async () => {
  const { terminal, sent } = setUp();
  const url = "https://happy-animal-123.convex.cloud";
  terminal.write(
    ".env.local",
    `CONVEX_DEPLOY_KEY='${DEPLOY_KEY}'\nCONVEX_URL=${url}\n`,
  );
  await terminal.run("status", "--json");
  expect(sent[0]).toBe(`${url} Convex ${DEPLOY_KEY}`);
});
