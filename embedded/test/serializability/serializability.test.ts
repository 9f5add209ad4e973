import { ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import type { Value } from "convex/values";
import { expect, onTestFinished, test } from "vitest";
import { fuzzSettings } from "../conformance/fuzz/settings.js";
import { Random } from "../support/random.js";
import { TestDeployment } from "../support/deployment.js";
import { APP } from "./app.js";
import { Replay, type Committed } from "./history.js";
import { Load } from "./load.js";
import { Model, type Operation } from "./model.js";

const { isLong, replay, firstSeed } = fuzzSettings();
const OPERATIONS = isLong ? 20_000 : 300;
const NAMES = ["a", "b", "c", "d", "e", "f"];
const BALANCE = 100;

test("concurrent mutations and queries have the results of a serial order", async () => {
  const seed = replay ?? firstSeed;
  const random = new Random(seed);
  const started = performance.now();
  const deployment = await TestDeployment.open();
  onTestFinished(() => deployment.remove());
  expect(await deployment.push(APP)).toMatchObject({ status: 200 });
  const http = new ConvexHttpClient(deployment.url, { logger: false });
  const ids = (await http.mutation(
    makeFunctionReference<"mutation">("s:open"),
    {
      names: NAMES,
      balance: BALANCE,
    },
  )) as string[];

  const load = new Load(deployment.url, ids, random);
  onTestFinished(() => load.close());
  const operations = Array.from({ length: OPERATIONS }, (_, key) =>
    randomOperation(random, key),
  );
  await load.run(operations, { http: 6, sockets: 6 });
  const jobs = await jobsOf(http, load.scheduled);

  const serial = new Replay(
    [...load.commits, ...jobs],
    new Model(NAMES.length, BALANCE),
  );
  for (const looks of load.looks) serial.check(looks);
  const looked = load.looks.flat().length;
  const conflicts = deployment.inner
    .conflicts()
    .reduce((sum, { count }) => sum + count, 0);
  console.log(
    `Seed ${seed}: ${conflicts} conflicts, ${load.commits.length} mutations, ${jobs.length} scheduled by them, ${load.refused} failed, ` +
      `${looked} looks, ${load.reconnects} dropped sockets (${((performance.now() - started) / 1_000).toFixed(1)} s).`,
  );
  // All operations are on a few accounts and owners: histories without conflicts would prove little.
  expect(conflicts).toBeGreaterThan(OPERATIONS / 50);
  expect(serial.problems.slice(0, 5)).toEqual([]);
  expect(
    await http.query(makeFunctionReference<"query">("s:state"), {}),
  ).toEqual(serial.finalState);
  expect([...load.totals]).toEqual([NAMES.length * BALANCE]);
  expect(load.commits.length + load.refused).toBe(OPERATIONS);
}, 600_000);

/** The scheduled mutations, each once, when the last has run. */
async function jobsOf(
  http: ConvexHttpClient,
  scheduled: ReadonlyMap<number, string>,
): Promise<Committed[]> {
  type Job = { key: number; saw: Value; at: bigint };
  const read = async () =>
    (await http.query(makeFunctionReference<"query">("s:jobs"), {})) as Job[];
  await expect
    .poll(async () => (await read()).length, { timeout: 30_000 })
    .toBe(scheduled.size);
  const jobs = await read();
  expect(new Set(jobs.map(({ key }) => key))).toEqual(
    new Set(scheduled.keys()),
  );
  return jobs.map(({ key, at, saw }) => ({
    operation: { kind: "job", owner: scheduled.get(key) ?? "" },
    at,
    saw,
    after: 0n,
  }));
}

/** An operation on few accounts and owners, so that most operations meet. */
function randomOperation(random: Random, key: number): Operation {
  const owner = random.pick(["x", "y"]);
  const account = () => random.below(NAMES.length);
  const transfer = () => ({
    from: account(),
    to: account(),
    amount: 1 + random.below(60),
  });
  const kind = random.weighted({
    count: 2,
    transfer: 5,
    add: 4,
    take: 3,
    thin: 0.5,
    sum: 1,
    nest: 2,
    fail: 1,
    later: 1,
  });
  switch (kind) {
    case "count":
      return { kind, name: random.pick(["p", "q"]) };
    case "transfer":
    case "fail":
      return { kind, ...transfer() };
    case "add":
    case "take":
      return { kind, owner };
    case "thin":
      return { kind, owner, min: random.below(20) };
    case "sum":
      return { kind };
    case "nest":
      return { kind, owner, ...transfer() };
    case "later":
      return { kind, key, owner, delayMs: random.below(20) };
    default:
      return kind satisfies never;
  }
}
