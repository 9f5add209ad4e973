import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TestDeployment } from "../support/deployment.js";
import { FakeClock } from "../support/fakeClock.js";

const FUNCTIONS = `
  import { mutationGeneric } from "convex/server";
  export const speak = mutationGeneric({ handler: async () => { console.warn("careful", { a: 1 }); return null; } });
  export const fail = mutationGeneric({ handler: async () => { throw new Error("no luck"); } });
  export const bump = mutationGeneric({ handler: async (ctx) => {
    const row = await ctx.db.query("counters").first();
    console.log("at", row?.n ?? 0);
    await (row === null ? ctx.db.insert("counters", { n: 1 }) : ctx.db.patch(row._id, { n: row.n + 1 }));
  } });
`;

interface Page {
  entries: { identifier: string; error: string | null; willRetry: boolean }[];
  newCursor: number;
}

let clock: FakeClock;
let deployment: TestDeployment;

beforeEach(async () => {
  clock = new FakeClock();
  deployment = await TestDeployment.open({ clock });
  const pushed = await deployment.push({ modules: { f: FUNCTIONS } });
  expect(pushed.status).toBe(200);
});

afterEach(() => deployment.remove());

const run = (name: string) =>
  deployment.post("/api/mutation", { path: `f:${name}`, args: {} });

async function follow(cursor: number, signal?: AbortSignal): Promise<Page> {
  const response = await deployment.fetch(
    `/api/stream_function_logs?cursor=${cursor}`,
    {
      headers: deployment.admin,
      ...(signal === undefined ? {} : { signal }),
    },
  );
  expect(response.status).toBe(200);
  return (await response.json()) as Page;
}

describe("stream_function_logs", () => {
  test("lists finished functions, in seconds, with structured log lines", async () => {
    await run("speak");
    await run("fail");
    const { entries, newCursor } = await follow(0);
    expect(newCursor).toBe(clock.now() + 2);
    expect(entries).toMatchObject([
      {
        kind: "Completion",
        udfType: "Mutation",
        identifier: "f:speak",
        componentPath: null,
        timestamp: clock.now() / 1_000,
        logLines: [{ messages: ["'careful' { a: 1 }"], level: "WARN" }],
        error: null,
      },
      {
        identifier: "f:fail",
        error: expect.stringContaining("no luck") as string,
      },
    ]);
  });

  test("takes over the id that a caller gives a request, unless it is none to print", async () => {
    const speakAs = (requestId: string) =>
      deployment.post(
        "/api/mutation",
        { path: "f:fail", args: {} },
        { "convex-request-id": requestId },
      );
    const messages = [];
    for (const id of ["0123456789abcdef", "an id", "x".repeat(65)]) {
      const { body } = await speakAs(id);
      messages.push((body as { errorMessage: string }).errorMessage);
    }
    const { entries } = await follow(0);
    const [first, ...rest] = entries as unknown as { requestId: string }[];
    expect(first).toMatchObject({ requestId: "0123456789abcdef" });
    expect(messages[0]).toContain("[Request ID: 0123456789abcdef]");
    for (const { requestId } of rest) {
      expect(requestId).toMatch(/^[0-9a-f]{16}$/);
    }
  });

  test("waits for the next completion after the cursor", async () => {
    await run("speak");
    const { newCursor } = await follow(0);
    const waiting = follow(newCursor);
    await run("fail");
    expect(await waiting).toMatchObject({
      entries: [{ identifier: "f:fail" }],
      newCursor: newCursor + 1,
    });
  });

  test("answers a new reader at once, so that it misses no completion", async () => {
    const { entries, newCursor } = await follow(0);
    expect(entries).toEqual([]);
    const waiting = follow(newCursor);
    await run("speak");
    expect((await waiting).entries).toHaveLength(1);
  });

  test("accepts a cursor from before a restart", async () => {
    for (let i = 0; i < 5; i++) await run("speak");
    const { newCursor } = await follow(0);
    await deployment.close();
    deployment = await TestDeployment.open({
      dataDir: deployment.dataDir,
      clock,
    });
    const resumed = await follow(newCursor);
    const waiting = follow(resumed.newCursor);
    await run("fail");
    expect(await waiting).toMatchObject({
      entries: [{ identifier: "f:fail" }],
    });
  });

  test("answers with no entries after a minute, and at once when the deployment closes", async () => {
    const before = clock.nextTimerMs;
    const { newCursor } = await follow(0);
    const waiting = follow(newCursor);
    await expect.poll(() => clock.nextTimerMs).not.toBe(before);
    clock.advance(60_000);
    expect(await waiting).toEqual({ entries: [], newCursor });

    const until = follow(newCursor);
    await deployment.close();
    expect(await until).toEqual({ entries: [], newCursor });
  });

  test("ends the wait of a reader that left", async () => {
    const before = clock.nextTimerMs;
    const leaving = new AbortController();
    const { newCursor } = await follow(0);
    const waiting = follow(newCursor, leaving.signal);
    await expect.poll(() => clock.nextTimerMs).not.toBe(before);
    leaving.abort();
    expect(await waiting).toEqual({ entries: [], newCursor });
    expect(clock.nextTimerMs).toBe(before);
  });

  test("keeps the latest thousand completions", async () => {
    for (let i = 0; i < 1_001; i++) await run("speak");
    const { entries, newCursor } = await follow(0);
    expect(entries).toHaveLength(1_000);
    expect((await follow(newCursor - 1)).entries).toHaveLength(1);
  });

  test.each(["-1", "soon", "1e999"])(
    "refuses the cursor %s",
    async (cursor) => {
      const response = await deployment.fetch(
        `/api/stream_function_logs?cursor=${cursor}`,
        { headers: deployment.admin },
      );
      expect(response.status).toBe(400);
    },
  );
});

test("a try of a mutation that lost is an entry of its own, with what it lost against", async () => {
  await run("bump");
  const before = deployment.inner.stats();
  const { newCursor } = await follow(0);
  await Promise.all([run("bump"), run("bump")]);
  const { entries } = await follow(newCursor);
  const ran = { identifier: "f:bump", error: null };
  const won = { ...ran, occInfo: null, willRetry: false };
  const lost = {
    ...ran,
    occInfo: {
      tableName: "counters",
      documentId: expect.stringMatching(/^\w{32}$/) as string,
      writeSource: "f:bump",
      componentPath: null,
      retryCount: 0,
    },
    willRetry: true,
    logLines: [{ messages: ["'at' 1"] }],
  };
  expect(entries).toHaveLength(3);
  const [tried, ...committed] = [...entries].sort(
    (a, b) => Number(b.willRetry) - Number(a.willRetry),
  );
  expect(tried).toMatchObject(lost);
  expect(committed).toMatchObject([won, won]);
  const after = deployment.inner.stats();
  expect(after.mutations - before.mutations).toBe(2);
  expect(after.conflicts - before.conflicts).toBe(1);
  expect(after.failures).toBe(before.failures);
  expect(deployment.inner.conflicts()).toEqual([
    {
      loser: "f:bump",
      winner: "f:bump",
      table: "counters",
      count: 1,
      outOfTries: 0,
    },
  ]);
});

test("listeners get completions until they stop, and stats count them", async () => {
  const heard: string[] = [];
  const before = deployment.inner.stats();
  const stop = deployment.inner.onCompletion(({ path }) => heard.push(path));
  await run("speak");
  await run("fail");
  stop();
  await run("speak");
  expect(heard).toEqual(["f.js:speak", "f.js:fail"]);
  const after = deployment.inner.stats();
  expect(after.mutations - before.mutations).toBe(3);
  expect(after.failures - before.failures).toBe(1);
});

test("conflicts are told to whoever has the admin key, by who lost to whom over which table", async () => {
  const ask = (headers: Record<string, string>) =>
    deployment.fetch("/api/embedded/conflicts", { headers });
  await run("bump");
  const since = clock.now();
  const none = { since, count: 0, outOfTries: 0, pairs: [], morePairs: 0 };
  expect(await (await ask(deployment.admin)).json()).toEqual(none);
  await Promise.all(Array.from({ length: 5 }, () => run("bump")));
  const { entries } = await follow(0);
  const lost = entries.filter(({ willRetry }) => willRetry).length;
  expect(lost).toBeGreaterThan(0);
  const names = { loser: "f:bump", winner: "f:bump", table: "counters" };
  expect(await (await ask(deployment.admin)).json()).toEqual({
    ...none,
    count: lost,
    pairs: [{ ...names, count: lost, outOfTries: 0 }],
  });
  expect((await ask({})).status).toBe(401);
});
