import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { PushedApp } from "./support/deployment.js";
import {
  KillableDeployment,
  type ServedOptions,
} from "./support/process/killable.js";

/** Each start takes a second or two, and each loop a second. */
const TIMEOUT_MS = 120_000;
const WATCHED: ServedOptions = { endWhenStuckMs: 1_000 };

let dataDir: string;
const running = new Set<KillableDeployment>();
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "held-"));
});
afterEach(async () => {
  for (const deployment of running) await deployment.kill();
  rmSync(dataDir, { recursive: true });
});

async function start(options: ServedOptions): Promise<KillableDeployment> {
  const deployment = await KillableDeployment.start(dataDir, 0, options);
  running.add(deployment);
  return deployment;
}

/**
 * An app with `work` as given, which `later` schedules after its answer; beside it, functions that
 * show whether other jobs run.
 */
function app(work: string): PushedApp {
  return {
    modules: {
      jobs: `
        import { mutationGeneric as mutation, queryGeneric as query, makeFunctionReference } from "convex/server";
        const note = (ctx, text) => ctx.db.insert("notes", { text });
        export const later = mutation({ handler: async (ctx, { names }) => {
          for (const name of names) await ctx.scheduler.runAfter(500, makeFunctionReference(name), {});
        } });
        export const notes = query({ handler: async (ctx) => (await ctx.db.query("notes").collect()).map(({ text }) => text) });
        export const other = mutation({ handler: (ctx) => note(ctx, "other") });
        export const slow = mutation({ handler: async (ctx) => {
          for (let n = 0; n < 2_000; n += 1) await ctx.db.query("notes").first();
          await note(ctx, "slow");
        } });
        export const work = mutation({ handler: async (ctx) => { ${work} } });`,
    },
  };
}
const LOOPS = app("for (let n = 0; ; n += 1) if (n < 0) return;");
const MENDED = app('await note(ctx, "worked");');

async function call(
  on: KillableDeployment,
  kind: string,
  path: string,
  args = {},
) {
  const { body } = await on.post(`/api/${kind}`, { path, args });
  return (body as { value: unknown }).value;
}

const later = (on: KillableDeployment, ...names: string[]) =>
  call(on, "mutation", "jobs:later", { names });

async function endsByItself(deployment: KillableDeployment): Promise<void> {
  if (!deployment.hasEnded) await once(deployment.process, "close");
  expect(deployment.process.signalCode).toBe("SIGKILL");
  running.delete(deployment);
}

/** Resolves once the deployment's thread no longer answers. */
async function untilKept(deployment: KillableDeployment): Promise<void> {
  const asks = () =>
    fetch(`${deployment.url}/version`, { signal: AbortSignal.timeout(1_000) });
  await expect.poll(() => asks().catch(() => "kept")).toBe("kept");
}

/** Starts a deployment whose job ends its process, twice; another one is under way the first time. */
async function endTwice(): Promise<void> {
  const first = await start(WATCHED);
  expect(await first.push(LOOPS)).toMatchObject({ status: 200 });
  await later(first, "jobs:slow", "jobs:work");
  await endsByItself(first);
  await endsByItself(await start(WATCHED));
}

test(
  "a job that ended its process twice is held, and runs again with mended code",
  async () => {
    await endTwice();
    for (let time = 0; time < 2; time += 1) {
      const held = await start(WATCHED);
      const logged = held.logged.join("\n");
      expect(logged).toMatch(
        /Not run any more: the scheduled function jobs\.js:work .*Push code in which it is mended/,
      );
      expect(logged).not.toContain("slow");
      // Other jobs go on, and a push of the same code changes nothing.
      expect(await held.push(LOOPS)).toMatchObject({ status: 200 });
      await later(held, "jobs:other");
      await expect
        .poll(() => call(held, "query", "jobs:notes"))
        .toEqual(["slow", ...Array.from({ length: time + 1 }, () => "other")]);
      await held.kill();
    }
    const mended = await start(WATCHED);
    expect(await mended.push(MENDED)).toMatchObject({ status: 200 });
    await expect
      .poll(() => call(mended, "query", "jobs:notes"))
      .toEqual(["slow", "other", "other", "worked"]);
  },
  TIMEOUT_MS,
);

test(
  "with holdJobs, code can be mended before due jobs run",
  async () => {
    const first = await start(WATCHED);
    expect(await first.push(LOOPS)).toMatchObject({ status: 200 });
    await later(first, "jobs:work");
    await endsByItself(first);

    const second = await start({ ...WATCHED, holdJobs: true });
    expect(await second.push(MENDED)).toMatchObject({ status: 200 });
    expect(await call(second, "query", "jobs:notes")).toEqual([]);
    second.startJobs();
    await expect
      .poll(() => call(second, "query", "jobs:notes"))
      .toEqual(["worked"]);
  },
  TIMEOUT_MS,
);

test(
  "a job runs again after its process was killed twice from outside",
  async () => {
    const first = await start({});
    expect(await first.push(LOOPS)).toMatchObject({ status: 200 });
    await later(first, "jobs:work");
    await untilKept(first);
    await first.kill();
    const second = await start({ holdJobs: true });
    second.startJobs();
    await untilKept(second);
    await second.kill();
    const third = await start({ holdJobs: true });
    expect(third.logged.join("\n")).not.toContain("Not run any more");
    expect(await third.push(MENDED)).toMatchObject({ status: 200 });
    third.startJobs();
    await expect
      .poll(() => call(third, "query", "jobs:notes"))
      .toEqual(["worked"]);
  },
  TIMEOUT_MS,
);
