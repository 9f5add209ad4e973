import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { KillableDeployment } from "./support/process/killable.js";

const dataDir = mkdtempSync(join(tmpdir(), "watchdog-"));
afterAll(() => rmSync(dataDir, { recursive: true }));

const APP = {
  modules: {
    notes: `
      import { mutationGeneric as mutation, queryGeneric as query } from "convex/server";
      export const add = mutation({ handler: (ctx, { text }) => ctx.db.insert("notes", { text }) });
      export const count = query({ handler: async (ctx) => (await ctx.db.query("notes").collect()).length });
      const endless = () => { for (let n = 0; ; n += 1) if (n < 0) return n; };
      export const spin = mutation({ handler: async (ctx) => {
        await ctx.db.insert("notes", { text: "never" });
        return endless();
      } });
      export const regex = query({ handler: async () => /^(a+)+$/.test("a".repeat(60) + "b") });`,
    waiting: `"use node";
      import { actionGeneric as action } from "convex/server";
      export const wait = action({ handler: async () => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5_000);
        return "waited";
      } });`,
  },
};

test("an endless function ends the process, which reports the place and loses no acknowledged write", async () => {
  // Long enough for a push on a busy machine.
  const watched = await KillableDeployment.start(dataDir, 0, {
    endWhenStuckMs: 5_000,
  });
  expect(await watched.push(APP)).toMatchObject({ status: 200 });
  const note = { path: "notes:add", args: { text: "kept" } };
  expect(await watched.post("/api/mutation", note)).toMatchObject({
    body: { status: "success" },
  });
  const ended = once(watched.process, "close");
  await expect(
    watched.post("/api/mutation", { path: "notes:spin", args: {} }),
  ).rejects.toThrow("fetch failed");
  expect(await ended).toEqual([null, "SIGKILL"]);
  expect(watched.stderr()).toMatch(/did nothing else for 5 s/);
  expect(watched.stderr()).toMatch(/ at endless \(.*notes\.js:\d+\)/);

  const again = await KillableDeployment.start(dataDir);
  const { body } = await again.post("/api/query", {
    path: "notes:count",
    args: {},
  });
  expect(body).toMatchObject({ status: "success", value: 1 });
  await again.kill();
}, 120_000);

test("an endless regular expression ends the process too", async () => {
  const watched = await KillableDeployment.start(dataDir, 0, {
    endWhenStuckMs: 2_000,
  });
  const ended = once(watched.process, "close");
  const call = { path: "notes:regex", args: {} };
  await expect(watched.post("/api/query", call)).rejects.toThrow();
  expect(await ended).toEqual([null, "SIGKILL"]);
  expect(watched.stderr()).toMatch(/notes\.js:\d+/);
}, 60_000);

test("the watchdog does not end a process whose thread waits or does work of its own", async () => {
  const watched = await KillableDeployment.start(dataDir, 0, {
    endWhenStuckMs: 1_000,
  });
  const call = { path: "waiting:wait", args: {} };
  expect(await watched.post("/api/action", call)).toMatchObject({
    body: { status: "success", value: "waited" },
  });
  await watched.keepBusy(5_000);
  await expect
    .poll(() => watched.logged.join("\n"))
    .toMatch(/no pushed function was found at work/);
  const { body } = await watched.post("/api/query", {
    path: "notes:count",
    args: {},
  });
  expect(body).toMatchObject({ status: "success" });
  expect(watched.stderr()).toBe("");
  await watched.kill();
}, 60_000);
