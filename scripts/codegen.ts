/**
 * `npm run codegen [-- --check]`: the official `convex codegen` against an embedded deployment of its own, the JSON
 * Schemas of the CLI, and the reference of the CLI and of the API. `--check` changes nothing, and fails where a generated
 * file is not what it would write.
 */
import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openDeployment } from "@sessions-ops/embedded";
import { Command } from "commander";
import { setEnvironment } from "./environmentVariables.js";
import { jsonSchemas } from "./jsonSchemas.js";
import { apiPages } from "./reference/apiPages.js";
import { cliPage } from "./reference/cliPage.js";

const ROOT = join(import.meta.dirname, "..");
/** The folders of apps. */
const APPS = [".", "example"];
/** The pages of the reference of what apps import. */
const API = "docs/api";
/** Folders in which everything is generated. */
const GENERATED = [
  "convex/_generated",
  "convex/sessionTracker/_generated",
  "example/convex/_generated",
  API,
];
/** The schemas of what the CLI prints. */
const SCHEMAS = "docs/cli.schema.json";
/** The reference of the CLI. */
const CLI = "docs/cli.md";

const { check } = new Command("codegen")
  .description(
    "write the _generated files of the component and of the apps, the schemas of the CLI, and the reference",
  )
  .option("--check", "fail if they are stale, and leave them as they are")
  .parse()
  .opts<{ check?: boolean }>();

if (check) await failIfStale();
else await generate();

async function failIfStale(): Promise<void> {
  const before = readGenerated();
  const after = await generate()
    .then(readGenerated)
    // The code is generated in place, since it depends on where the components' packages lie.
    .finally(() => restore(before));
  const paths = new Set([...before.keys(), ...after.keys()]);
  const stale = [...paths].filter((p) => before.get(p) !== after.get(p)).sort();
  if (stale.length === 0) return;
  process.stderr.write(
    `Stale generated code; run \`npm run codegen\` and commit:\n  ${stale.join("\n  ")}\n`,
  );
  process.exitCode = 1;
}

async function generate(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "sessions-ops-codegen-"));
  try {
    const deployment = await openDeployment({ dataDir, port: 0 });
    try {
      // The example's auth.config names this variable; nobody signs in here.
      const EXAMPLE_JWKS = 'data:application/json,{"keys":[]}';
      await setEnvironment(deployment, { EXAMPLE_JWKS });
      for (const app of APPS) await runCodegen(deployment, join(ROOT, app));
    } finally {
      await deployment.close();
    }
  } finally {
    rmSync(dataDir, { recursive: true });
  }
  // Made of the component's generated types, among others.
  write(SCHEMAS, jsonSchemas());
  write(CLI, cliPage());
  rmSync(join(ROOT, API), { recursive: true, force: true });
  mkdirSync(join(ROOT, API));
  for (const [name, text] of await apiPages()) write(join(API, name), text);
}

function write(path: string, text: string): void {
  writeFileSync(join(ROOT, path), text);
}

/** The contents of files by path. */
type Files = Map<string, string>;

function readGenerated(): Files {
  const paths = [
    ...GENERATED.filter((folder) => existsSync(join(ROOT, folder))).flatMap(
      (folder) =>
        readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`),
    ),
    ...[SCHEMAS, CLI].filter((file) => existsSync(join(ROOT, file))),
  ];
  return new Map(paths.map((p) => [p, readFileSync(join(ROOT, p), "utf8")]));
}

function restore(before: Files): void {
  const now = readGenerated();
  for (const path of now.keys()) {
    if (!before.has(path)) rmSync(join(ROOT, path));
  }
  for (const [path, content] of before) {
    if (now.get(path) !== content) writeFileSync(join(ROOT, path), content);
  }
}

async function runCodegen(
  deployment: { url: string; adminKey: string },
  cwd: string,
): Promise<void> {
  const convex = join(ROOT, "node_modules/convex/bin/main.js");
  // Types are checked by `npm run typecheck`.
  const args = [convex, "codegen", "--typecheck", "disable"];
  await promisify(execFile)(process.execPath, args, {
    cwd,
    env: {
      ...process.env,
      CONVEX_SELF_HOSTED_URL: deployment.url,
      CONVEX_SELF_HOSTED_ADMIN_KEY: deployment.adminKey,
      // These variables are blank, not absent: absent ones would be read from .env.local, and conflict.
      CONVEX_DEPLOYMENT: "",
      CONVEX_DEPLOY_KEY: "",
    },
  });
}
