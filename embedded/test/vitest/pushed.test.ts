/** The app is pushed once for all files of tests, and again when its sources have changed. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { pushApp, testDeployment } from "../../src/vitest/index.js";
import { AppFolder, messages } from "./app.js";

/** Limit for the processor time of a start, of which the issue allows 300 ms on a machine with nothing else to do. */
const START_MS = 300;

let app: AppFolder;

beforeAll(async () => {
  app = await AppFolder.create();
  await pushApp({ app: app.folder });
}, 120_000);
afterAll(() => app.remove());

/** What a deployment takes from nothing to its first answer, in milliseconds of the processor and of the clock. */
async function start() {
  const before = process.cpuUsage();
  const at = performance.now();
  const t = await testDeployment({ app: app.folder });
  const openedMs = performance.now() - at;
  await t.query(messages.list);
  const { user, system } = process.cpuUsage(before);
  const answeredMs = performance.now() - at;
  await t.close();
  return { processorMs: (user + system) / 1_000, openedMs, answeredMs };
}

test("a deployment of a pushed app is there in a fraction of a second", async () => {
  const starts: Awaited<ReturnType<typeof start>>[] = [];
  for (let n = 0; n < 5; n += 1) starts.push(await start());
  const of = (key: keyof (typeof starts)[number]) =>
    starts.map((one) => Math.round(one[key])).join(", ");
  console.log(
    `start: ${of("openedMs")} ms, first answer ${of("answeredMs")} ms, processor ${of("processorMs")} ms`,
  );
  const least = Math.min(...starts.map(({ processorMs }) => processorMs));
  expect(least).toBeLessThan(START_MS);
});

test("a change of the sources is seen by the next deployment", async () => {
  const before = await testDeployment({ app: app.folder });
  const file = "convex/messages.ts";
  await app.write({ [file]: CHANGED });
  // Of several that come at once one pushes, and the others wait.
  const after = await Promise.all(
    [1, 2, 3].map(() => testDeployment({ app: app.folder })),
  );
  expect(await before.query(messages.greeting)).toBeNull();
  for (const one of after) {
    expect(await one.query(messages.greeting)).toBe(WORD);
  }
  expect(new Set(after.map(({ url }) => url)).size).toBe(3);
}, 120_000);

test("environment variables are there at the push, and belong to what is pushed", async () => {
  const env = { GREETING: "from the environment" };
  await app.write({
    "convex/greetings.ts": `export const value = process.env.GREETING ?? null;`,
    "convex/messages.ts": `
import { queryGeneric } from "convex/server";
import { value } from "./greetings";
export const greeting = queryGeneric({ args: {}, handler: async () => value });
`,
  });
  const t = await testDeployment({ app: app.folder, env });
  expect(await t.query(messages.greeting)).toBe(env.GREETING);
}, 120_000);

test("what the official CLI says of a broken app is in the error", async () => {
  await app.write({ "convex/broken.ts": "export const x = ;" });
  await expect(pushApp({ app: app.folder })).rejects.toMatchObject({
    kind: "pushFailed",
    message: expect.stringContaining("broken.ts") as string,
  });
}, 120_000);

test("a folder without an app is named", async () => {
  await expect(pushApp({ app: "/" })).rejects.toMatchObject({
    kind: "appNotFound",
    message: expect.stringContaining("package.json") as string,
  });
});

/** Sources that no test pushed before. */
const WORD = `changed at ${Date.now()}`;
const CHANGED = `
import { queryGeneric } from "convex/server";
export const list = queryGeneric({ args: {}, handler: async () => [] });
export const greeting = queryGeneric({ args: {}, handler: async () => "${WORD}" });
`;
