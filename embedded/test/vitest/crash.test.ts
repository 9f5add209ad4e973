/** Crashes on demand: what was acknowledged is kept, what was not may be lost, and clients come back by themselves. */
import { ConvexHttpClient } from "convex/browser";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import {
  testDeployment,
  type CrashOptions,
  type TestDeployment,
} from "../../src/vitest/index.js";
import { AppFolder, jobs, messages, type DataModel } from "./app.js";

let app: AppFolder;
let t: TestDeployment<DataModel>;

beforeAll(async () => {
  app = await AppFolder.create();
}, 120_000);
afterAll(() => app.remove());
beforeEach(async () => {
  t = await testDeployment<DataModel>({ app: app.folder });
}, 120_000);

const send = (text: string) => t.mutation(messages.send, { text });
const list = () => t.query(messages.list);

test("crashes amid writes lose nothing that was acknowledged", async () => {
  const acknowledged: string[] = [];
  let sent = 0;
  for (let round = 0; round < 5; round += 1) {
    let isOver = false;
    const writers = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const text = `message ${(sent += 1)}`;
        try {
          await send(text);
          acknowledged.push(text);
        } catch (error) {
          expect(error).toMatchObject({ kind: "crashed" });
          return;
        }
      }
    });
    const least = acknowledged.length + 50;
    while (acknowledged.length < least) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await t.crash();
    isOver = true;
    await Promise.all(writers);
  }
  const found = new Set(await list());
  expect(acknowledged.filter((text) => !found.has(text))).toEqual([]);
  expect(sent).toBeGreaterThan(250);
});

test("a crash before a commit is on disk loses it, and its caller knows nothing", async () => {
  await send("before");
  const crashed = t.crash({ at: "beforeCommit" });
  await expect(send("lost")).rejects.toMatchObject({ kind: "crashed" });
  await crashed;
  expect(await list()).toEqual(["before"]);
});

test("a crash after a commit is on disk keeps it, and its caller knows nothing", async () => {
  const crashed = t.crash({ at: "afterCommit", of: messages.send, skip: 1 });
  await send("answered");
  await expect(send("kept")).rejects.toMatchObject({ kind: "crashed" });
  await crashed;
  expect(await list()).toEqual(["answered", "kept"]);
});

test("a client over HTTP loses its connection; one by WebSocket repeats what it was not told of, and it happens once", async () => {
  const client = t.client();
  const seen: string[][] = [];
  client.onUpdate(messages.list, {}, (found) => void seen.push(found));
  await vi.waitFor(() => expect(seen).toHaveLength(1));

  const crashed = t.crash({ at: "afterCommit", of: messages.send });
  const sent = client.mutation(messages.send, { text: "once" });
  await crashed;
  await sent;
  expect(await list()).toEqual(["once"]);
  await vi.waitFor(() => expect(seen.at(-1)).toEqual(["once"]), 10_000);

  void t.crash({ at: "afterCommit", of: messages.send });
  const http = t.client(ConvexHttpClient);
  await expect(
    http.mutation(messages.send, { text: "unanswered" }),
  ).rejects.toThrow("fetch failed");
  expect(await list()).toEqual(["once", "unanswered"]);
}, 30_000);

test("scheduled functions run once, also where the crash comes with their commit", async () => {
  await t.mutation(jobs.later, { name: "kept", delayMs: 60_000 });
  await t.mutation(jobs.later, { name: "lost", delayMs: 120_000 });
  await t.crash();
  const kept = t.crash({ at: "afterCommit", of: jobs.tick });
  await t.clock.advance("1m");
  await kept;
  const lost = t.crash({ at: "beforeCommit", of: jobs.tick });
  await t.clock.advance("1m");
  await lost;
  await t.clock.settle();
  const found = await t.query(jobs.ticks);
  expect(found.map(({ name }) => name)).toEqual(["kept", "lost"]);
});

test("an action that a crash cut short is not run again", async () => {
  await t.mutation(jobs.sleepLater, { ms: 60_000 });
  await t.clock.advance("150s");
  await t.crash();
  await t.clock.advance("10m");
  const found = await t.query(jobs.ticks);
  expect(found.map(({ name }) => name)).toEqual(["first"]);
  const states = await t.run(async (ctx) => {
    const all = await ctx.db.system.query("_scheduled_functions").collect();
    return all.map(({ state }) => state);
  });
  expect(states).toEqual([
    { kind: "failed", error: "Transient error while executing action" },
  ]);
});

test("a deployment stays down until it is started again", async () => {
  await send("before");
  const { url } = t;
  await t.crash({ restart: false });
  await expect(list()).rejects.toMatchObject({ kind: "crashed" });
  await expect(fetch(url)).rejects.toThrow("fetch failed");
  await t.restart();
  expect(t.url).toBe(url);
  expect(await list()).toEqual(["before"]);
});

test("what is closed says so", async () => {
  await t.close();
  await expect(list()).rejects.toMatchObject({ kind: "closed" });
  await expect(t.crash()).rejects.toMatchObject({ kind: "closed" });
});

test.each<[unknown, string]>([
  [{ at: "nope" }, '`at` must be "beforeCommit" or "afterCommit", got "nope"'],
  [
    { at: "afterCommit", of: "messages:typo" },
    '"messages:typo" is no function of the app',
  ],
  [{ at: "afterCommit", of: messages.list }, "messages:list is none"],
  [
    { at: "afterCommit", skip: NaN },
    "`skip` must be a whole number from 0 on, got NaN",
  ],
])(
  "a crash that nothing would bring about is refused: %j",
  async (options, why) => {
    const crash = t.crash(options as CrashOptions);
    await expect(crash).rejects.toMatchObject({ kind: "invalidOption" });
    await expect(crash).rejects.toThrow(why);
  },
);
