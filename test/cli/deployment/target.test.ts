import { inspect } from "node:util";
import { expect, test } from "vitest";
import { describeError } from "../../../cli/errors.js";
import type { Fetch } from "../../../cli/deployment/http.js";
import {
  resolveTarget,
  type Target,
} from "../../../cli/deployment/target/target.js";
import {
  ADMIN_KEY,
  bodyOf,
  DEPLOYMENT_URL,
  FakeTerminal,
} from "../support/fakeTerminal.js";

const PROD_KEY = "prod:happy-animal-123|c2VjcmV0";
const SELF_HOSTED = {
  CONVEX_SELF_HOSTED_URL: "http://convex.example:3210",
  CONVEX_SELF_HOSTED_ADMIN_KEY: "self|key",
};

interface Setup {
  env?: Record<string, string>;
  files?: Record<string, string>;
  options?: { url?: string; adminKeyFile?: string };
  serving?: boolean;
  alive?: boolean;
  convexApi?: Fetch;
}

async function resolveIn(setup: Setup): Promise<Target> {
  const terminal = new FakeTerminal({
    env: setup.env ?? {},
    isProcessAlive: () => setup.alive ?? true,
    ...(setup.convexApi ? { fetch: setup.convexApi } : {}),
  });
  if (setup.serving) terminal.serveHere();
  for (const [name, text] of Object.entries(setup.files ?? {})) {
    terminal.write(name, text);
  }
  return await resolveTarget(terminal.context(), setup.options ?? {});
}

function dotenv(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}='${value}'\n`)
    .join("");
}

test.each<[string, Setup, { url: string; key: string }]>([
  [
    "the options go before everything",
    {
      options: { url: "http://127.0.0.1:4000/", adminKeyFile: "my-key" },
      files: { "my-key": "from-file\n" },
      env: { CONVEX_DEPLOY_KEY: PROD_KEY, ...SELF_HOSTED },
    },
    { url: "http://127.0.0.1:4000", key: "from-file" },
  ],
  [
    "the deploy key goes before a self-hosted deployment",
    {
      env: {
        CONVEX_DEPLOY_KEY: PROD_KEY,
        CONVEX_URL: "https://happy-animal-123.convex.cloud",
        ...SELF_HOSTED,
      },
    },
    { url: "https://happy-animal-123.convex.cloud", key: PROD_KEY },
  ],
  [
    "CONVEX_DEPLOYMENT_TOKEN is another name of the deploy key",
    {
      env: {
        CONVEX_DEPLOYMENT_TOKEN: PROD_KEY,
        CONVEX_URL: "https://sessions.example.com",
      },
    },
    { url: "https://sessions.example.com", key: PROD_KEY },
  ],
  [
    "an ignored deploy key is none",
    { env: { CONVEX_DEPLOY_KEY: "<ignore_deploy_key>", ...SELF_HOSTED } },
    { url: "http://convex.example:3210", key: "self|key" },
  ],
  [
    ".env.local goes before .env",
    {
      files: {
        ".env.local": dotenv(SELF_HOSTED),
        ".env": dotenv({
          CONVEX_SELF_HOSTED_URL: "http://other.example",
          CONVEX_SELF_HOSTED_ADMIN_KEY: "other",
        }),
      },
    },
    { url: "http://convex.example:3210", key: "self|key" },
  ],
  [
    "a variable set to nothing hides the same one in a file",
    {
      env: { CONVEX_DEPLOYMENT: "", CONVEX_DEPLOY_KEY: "", ...SELF_HOSTED },
      files: {
        ".env.local": `CONVEX_DEPLOYMENT=dev:x\nCONVEX_DEPLOY_KEY='${PROD_KEY}'\n`,
      },
    },
    { url: "http://convex.example:3210", key: "self|key" },
  ],
  [
    "the deployment served here is the last resort",
    { serving: true },
    { url: DEPLOYMENT_URL, key: ADMIN_KEY },
  ],
  [
    "the environment goes before the deployment served here",
    { serving: true, env: SELF_HOSTED },
    { url: "http://convex.example:3210", key: "self|key" },
  ],
])("%s", async (_name, setup, expected) => {
  const { url, adminKey } = await resolveIn(setup);
  expect({ url, key: adminKey.reveal() }).toEqual(expected);
});

test.each<[string, Setup, number, RegExp]>([
  ["nothing", {}, 4, /--url URL --admin-key-file FILE/],
  [
    "a URL without a key",
    { options: { url: "http://127.0.0.1:1" } },
    4,
    /needs --admin-key-file.*dashboard\.convex\.dev/,
  ],
  [
    "a key file that is not there",
    { options: { url: "http://127.0.0.1:1", adminKeyFile: "none" } },
    4,
    /no admin key file at .*none/,
  ],
  ["a key without a URL", { options: { adminKeyFile: "k" } }, 2, /needs --url/],
  [
    "a URL that is none",
    {
      options: { url: "localhost:3210", adminKeyFile: "k" },
      files: { k: "key" },
    },
    2,
    /"localhost:3210" \(--url\) is not the URL/,
  ],
  [
    "both kinds of deployment",
    { env: { CONVEX_DEPLOYMENT: "dev:tall-forest-1234", ...SELF_HOSTED } },
    2,
    /name two deployments/,
  ],
  [
    "CONVEX_DEPLOYMENT beside half of the other kind",
    {
      env: { CONVEX_DEPLOYMENT: "dev:tall-forest-1234" },
      files: { ".env": "CONVEX_SELF_HOSTED_ADMIN_KEY=abc\n" },
    },
    2,
    /CONVEX_SELF_HOSTED_ADMIN_KEY \(\.env\) name two/,
  ],
  [
    "CONVEX_DEPLOYMENT, which comes without a key",
    { files: { ".env.local": "CONVEX_DEPLOYMENT=dev:tall-forest-1234\n" } },
    4,
    /CONVEX_DEPLOY_KEY.*\/d\/tall-forest-1234\/settings/,
  ],
  [
    "CONVEX_DEPLOYMENT of Convex's own local backend",
    { files: { ".env.local": "CONVEX_DEPLOYMENT=anonymous:anonymous-app\n" } },
    4,
    /adminKey.*\.convex\/local\/default\/config\.json.*--admin-key-file/,
  ],
  [
    "a self-hosted URL without its key",
    { env: { CONVEX_SELF_HOSTED_URL: "http://convex.example" } },
    4,
    /generate_admin_key/,
  ],
  [
    "a self-hosted key without its URL",
    { env: { CONVEX_SELF_HOSTED_ADMIN_KEY: "abc" } },
    2,
    /without CONVEX_SELF_HOSTED_URL/,
  ],
  [
    "a URL and a key from two places",
    {
      env: { CONVEX_SELF_HOSTED_URL: "http://convex.example" },
      files: { ".env.local": "CONVEX_SELF_HOSTED_ADMIN_KEY=abc\n" },
    },
    2,
    /comes from the environment and CONVEX_SELF_HOSTED_ADMIN_KEY from \.env\.local/,
  ],
  [
    "a deploy key beside the URL of another deployment",
    {
      env: {
        CONVEX_DEPLOY_KEY: PROD_KEY,
        CONVEX_URL: "https://tall-forest-1234.convex.cloud",
      },
    },
    2,
    /is a key of the deployment happy-animal-123/,
  ],
  [
    "the key of a project",
    { env: { CONVEX_DEPLOY_KEY: "project:team:app|c2VjcmV0" } },
    4,
    /not the key of one deployment/,
  ],
  [
    "a served deployment whose process is gone",
    { serving: true, alive: false },
    4,
    /no longer runs: process 1 is gone/,
  ],
  [
    "a file that serve did not write",
    { files: { ".sessions-ops/deployment.json": "{}" } },
    1,
    /is not what `sessions-ops serve` writes/,
  ],
])("refused: %s", async (_name, setup, exitCode, message) => {
  const error: unknown = await resolveIn(setup).catch(
    (thrown: unknown) => thrown,
  );
  expect(describeError(error)).toEqual({
    exitCode,
    text: expect.stringMatching(message) as string,
  });
});

test("Convex is asked for the URL of a deploy key, not the URL of another layer", async () => {
  const requests: Array<{ url: string; body: unknown }> = [];
  const { url } = await resolveIn({
    env: { CONVEX_DEPLOY_KEY: PROD_KEY },
    files: { ".env.local": "CONVEX_URL=https://tall-forest-1.convex.cloud\n" },
    convexApi: (input, init) => {
      requests.push({ url: input, body: bodyOf(init) });
      return Promise.resolve(Response.json("https://sessions.example.com"));
    },
  });
  expect(url).toBe("https://sessions.example.com");
  expect(requests).toEqual([
    {
      url: "https://api.convex.dev/api/deployment/url_for_key",
      body: { deployKey: PROD_KEY },
    },
  ]);
});

test("a deploy key that Convex does not know, or cannot be asked about, is an error", async () => {
  const env = { CONVEX_DEPLOY_KEY: PROD_KEY };
  const failures = await Promise.all(
    [
      () => Promise.resolve(new Response("no", { status: 401 })),
      () => Promise.reject(new TypeError(`bad header: ${PROD_KEY}`)),
    ].map((convexApi) =>
      resolveIn({ env, convexApi }).catch((error: unknown) => error),
    ),
  );
  for (const failure of failures) {
    const { exitCode, text } = describeError(failure);
    expect(exitCode).toBe(4);
    expect(text).toContain("Set CONVEX_URL beside the key");
    expect(text).not.toContain(PROD_KEY);
  }
});

test("a target does not show its key when printed, serialised or inspected", async () => {
  const target = await resolveIn({ serving: true });
  const shown = [
    String(target.adminKey),
    JSON.stringify(target),
    inspect(target, { depth: 9, showHidden: true }),
  ].join("\n");
  expect(shown).not.toContain(ADMIN_KEY);
});
