import { execFile, spawn } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  openDeployment,
  type EmbeddedDeployment,
} from "../../embedded/src/index.js";
import type { DescribeJson } from "../../cli/json/program/describe.js";
import { DAY_MS } from "../../convex/sessionTracker/shared/times.js";
import { asTyped, comparable, comparableSchemas } from "./cliTypes.js";
import { testsOfDocker } from "./docker.js";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "sessions-ops-installed-"));
const app = join(folder, "app");
const MAIN = "node_modules/sessions-ops/dist/cli/main.js";

let deployment: EmbeddedDeployment;
let tarballs: { ours: string; embedded: string };

/** An app as a user writes it, with the component under a name of its own. */
const FILES: Record<string, string> = {
  "convex/convex.config.ts": `
    import { defineApp } from "convex/server";
    import sessionTracker from "sessions-ops/convex.config";

    const app = defineApp();
    app.use(sessionTracker, { name: "visitors" });
    export default app;
  `,
  "convex/visits.ts": `
    import { exposeSessions } from "sessions-ops";
    import { components } from "./_generated/api.js";

    export const {
      trackSession,
      trackUserAction,
      getActiveSessions,
      cleanupOldSessions,
    } = exposeSessions(components.visitors, { authorize: () => true });
  `,
  "convex/visits.test.ts": `
    /// <reference types="vite/client" />
    import { convexTest } from "convex-test";
    import { defineSchema } from "convex/server";
    import sessionTracker from "sessions-ops/test";
    import { afterEach, beforeEach, expect, test, vi } from "vitest";
    import { api } from "./_generated/api.js";

    const modules = import.meta.glob("./**/*.ts");
    const DAY_MS = 86_400_000;

    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    test("tracks, and purges by the components below", async () => {
      const t = convexTest(defineSchema({}), modules);
      sessionTracker.register(t, "visitors");
      const tracked = await t.mutation(api.visits.trackSession, {
        anonymousId: "user123",
      });
      expect(tracked).toMatchObject({ ok: true, state: "created" });
      expect(await t.query(api.visits.getActiveSessions, {})).toHaveLength(1);
      vi.setSystemTime(Date.now() + 20 * DAY_MS);
      await t.mutation(api.visits.cleanupOldSessions, { daysInactive: 14 });
      await t.finishAllScheduledFunctions(vi.runAllTimers);
      const again = await t.mutation(api.visits.trackSession, {
        anonymousId: "user123",
      });
      expect(again).toMatchObject({ ok: true, state: "created" });
    });
  `,
  "convex/deployed.test.ts": `
    import { testDeployment } from "@sessions-ops/embedded/vitest";
    import { expect, test } from "vitest";
    import { api } from "./_generated/api.js";

    const t = await testDeployment();

    test("tracks on a deployment, by its own clock, and past a crash", async () => {
      const anonymousId = "user123";
      await t.client().mutation(api.visits.trackSession, { anonymousId });
      await t.crash();
      expect(await t.query(api.visits.getActiveSessions, {})).toHaveLength(1);
      await t.clock.advance("1h");
      expect(await t.query(api.visits.getActiveSessions, {})).toHaveLength(0);
    });
  `,
  "convex/tsconfig.json": JSON.stringify({
    compilerOptions: {
      target: "ES2022",
      lib: ["ES2022", "DOM"],
      module: "ESNext",
      moduleResolution: "Bundler",
      strict: true,
      noEmit: true,
      types: [],
      skipLibCheck: true,
    },
    include: ["./**/*"],
  }),
};

beforeAll(async () => {
  // Packing this builds both.
  const ours = await pack(root);
  const embedded = await pack(join(root, "embedded"), "--ignore-scripts");
  tarballs = { ours, embedded };
  mkdirSync(join(app, "convex"), { recursive: true });
  for (const [path, text] of Object.entries(FILES)) {
    writeFileSync(join(app, path), text);
  }
  writeFileSync(
    join(app, "package.json"),
    JSON.stringify({
      name: "app",
      type: "module",
      dependencies: {
        convex: "1.48.0",
        // The oldest React that the package names; the other tests have the newest.
        react: "18.3.1",
        "react-dom": "18.3.1",
        "sessions-ops": `file:../${ours}`,
      },
      devDependencies: {
        "@sessions-ops/embedded": `file:../${embedded}`,
        "convex-test": "0.0.70",
        vitest: "4.1.12",
      },
    }),
  );
  await run(
    "npm",
    ["install", "--ignore-scripts", "--prefer-offline", "--no-audit"],
    { cwd: app },
  );
  deployment = await openDeployment({
    dataDir: join(folder, "data"),
    port: 0,
  });
  await inApp(
    "node_modules/convex/bin/main.js",
    "deploy",
    "--yes",
    "--typecheck=disable",
  );
}, 240_000);

afterAll(async () => {
  await deployment.close();
  rmSync(folder, { recursive: true });
});

/** Packs a package. @returns the name of its tarball, in the folder of this test */
async function pack(cwd: string, ...options: string[]): Promise<string> {
  const packed = await run(
    "npm",
    ["pack", "--json", "--pack-destination", folder, ...options],
    { cwd },
  );
  const [tarball] = JSON.parse(
    packed.stdout.slice(packed.stdout.indexOf("[\n")),
  ) as [{ filename: string }];
  return tarball.filename;
}

/** Runs a script with the deployment's URL and key where the official CLI and ours look for them. */
function inApp(script: string, ...args: string[]) {
  return run(process.execPath, [join(app, script), ...args], {
    cwd: app,
    env: env(),
  });
}

function env() {
  return {
    PATH: process.env["PATH"],
    HOME: folder,
    CONVEX_SELF_HOSTED_URL: deployment.url,
    CONVEX_SELF_HOSTED_ADMIN_KEY: deployment.adminKey,
  };
}

/** What a command that stays prints once it is ready; it is ended then. */
async function readyOf(args: string[]): Promise<unknown> {
  const child = spawn(
    process.execPath,
    [join(app, MAIN), ...args, "--component", "visitors", "--json"],
    { cwd: app, env: env() },
  );
  let printed = "";
  for await (const chunk of child.stdout) {
    printed += String(chunk);
    if (/^}\n/m.test(printed)) child.kill("SIGTERM");
  }
  return JSON.parse(printed);
}

async function sessionsOps(...args: string[]): Promise<unknown> {
  const { stdout } = await inApp(
    MAIN,
    ...args,
    "--component",
    "visitors",
    "--json",
  );
  return JSON.parse(stdout);
}

test(
  "an app that installs the package mounts, deploys, tracks and purges",
  { timeout: 120_000 },
  async () => {
    await run(process.execPath, [
      join(root, "node_modules/typescript/bin/tsc"),
      "--project",
      join(app, "convex"),
    ]);

    const client = new ConvexHttpClient(deployment.url, { logger: false });
    const anonymousId = "11111111-1111-4111-8111-111111111111";
    const tracked: unknown = await client.mutation(
      makeFunctionReference<"mutation", { anonymousId: string }>(
        "visits:trackSession",
      ),
      { anonymousId },
    );
    expect(tracked).toMatchObject({ ok: true, state: "created" });

    const lastActive = Date.now() - 20 * DAY_MS;
    const rows = Array.from({ length: 30 }, (_, i) =>
      JSON.stringify({
        anonymousId: `old-${i}`,
        createdAt: lastActive,
        lastActive,
      }),
    );
    writeFileSync(join(app, "rows.jsonl"), rows.join("\n"));
    expect(await sessionsOps("import", "rows.jsonl", "--yes")).toMatchObject({
      created: 30,
    });
    expect(await sessionsOps("purge", "--days", "14", "--yes")).toMatchObject({
      status: "completed",
      sessions: 30,
    });
    expect(await sessionsOps("status")).toMatchObject({
      sessions: { total: 1, active: 1, expired: 0, ended: 0 },
    });
  },
);

test(
  "an app that installs the package tests it with vitest without configuration",
  { timeout: 120_000 },
  async () => {
    const tested = await inApp("node_modules/vitest/vitest.mjs", "run").catch(
      (failed: { stdout: string; stderr: string }) => failed,
    );
    expect(`${tested.stdout}${tested.stderr}`).toContain("2 passed");
    expect(tested).not.toHaveProperty("code");
  },
);

test(
  "an app on React 18 hydrates a late boundary that it passes the hook's value over",
  { timeout: 120_000 },
  async () => {
    const script = "hydrate.mjs";
    copyFileSync(join(import.meta.dirname, script), join(app, script));
    const { stdout } = await inApp(script, deployment.url, root);
    expect(JSON.parse(stdout)).toEqual({
      version: "18.3.1",
      errors: [],
      texts: ["nobody", "user123"],
      isKept: true,
    });
  },
);

test(
  "the types of the CLI's output are in the package, and are those of the output and of its schemas",
  { timeout: 120_000 },
  async () => {
    const READING = [
      ...["status", "stats", "metrics", "list", "runs list", "log"],
      ...["schedule list", "schedule preview purge", "settings get"],
      ...["hooks list", "webhooks list", "doctor", "purge --dry-run"],
      "describe",
    ];
    const described = (await sessionsOps("describe")) as DescribeJson;
    const shapesOf = (line: string): string[] => {
      const ours = described.commands.filter(
        ({ command }) => line === command || line.startsWith(`${command} `),
      );
      return ours[0]?.json ?? [];
    };
    const outputs = [];
    for (const line of READING) {
      const output = await sessionsOps(...line.split(" "));
      outputs.push({ shape: shapesOf(line).join(" | "), output });
    }
    const failed = await sessionsOps("show", "nobody").catch(
      ({ stderr }: { stderr: string }) => JSON.parse(stderr) as unknown,
    );
    outputs.push({ shape: described.error, output: failed });
    const served = ["serve", "--port", "0", "--data", "served"];
    for (const args of [served, ["dashboard", "--no-open"]]) {
      const shape = shapesOf(args[0] ?? "").join(" | ");
      outputs.push({ shape, output: await readyOf(args) });
    }
    mkdirSync(join(app, "programs"));
    writeFileSync(join(app, "programs/output.ts"), asTyped(outputs));
    for (const moduleResolution of ["Bundler", "NodeNext"]) {
      const module =
        moduleResolution === "NodeNext" ? moduleResolution : "ESNext";
      // Without the types of Node, and with all that is wrong in those of the package.
      const compilerOptions = {
        ...{ strict: true, noEmit: true, skipLibCheck: false, types: [] },
        ...{ target: "ES2022", lib: ["ES2022", "DOM"] },
        ...{ exactOptionalPropertyTypes: true, module, moduleResolution },
      };
      writeFileSync(
        join(app, "programs/tsconfig.json"),
        JSON.stringify({ compilerOptions }),
      );
      const compiled = await run(process.execPath, [
        join(root, "node_modules/typescript/bin/tsc"),
        ...["--project", join(app, "programs")],
      ]).catch(({ stdout }: { stdout: string }) => ({ stdout }));
      expect(compiled.stdout).toBe("");
    }

    const installed = join(app, "node_modules/sessions-ops");
    const schemas = readFileSync(
      join(installed, "docs/cli.schema.json"),
      "utf8",
    );
    expect(
      comparableSchemas(join(installed, "dist/cli/types.d.ts")),
    ).toStrictEqual(comparable(JSON.parse(schemas)));
  },
);

testsOfDocker(() => ({
  folder,
  tarballs,
  installed: join(app, "node_modules/sessions-ops"),
}));
