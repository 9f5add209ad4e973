import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { Turns } from "../../../src/server/sync/queries/turns.js";

test("the next one has its turn after one that went on over several slices", async () => {
  const turns = new Turns();
  for (const lastsMs of [0, 8, 15, 8]) {
    const turn = await turns.take("others");
    const next = turns.take("others");
    const until = performance.now() + lastsMs;
    while (performance.now() < until) await new Promise(setImmediate);
    turn.end();
    (await next).end();
  }
  turns.close();
});

test("whoever waits for something of their own is served in turns with the others", async () => {
  const turns = new Turns();
  const first = await turns.take("others");
  const order: string[] = [];
  const served = (["others", "others", "urgent", "urgent"] as const).map(
    async (line) => {
      const turn = await turns.take(line);
      order.push(line);
      turn.end();
    },
  );
  first.end();
  await Promise.all(served);
  expect(order).toEqual(["urgent", "others", "urgent", "others"]);
  turns.close();
});

test("a turn without end keeps nobody from theirs", async () => {
  const turns = new Turns();
  const stuck = await turns.take("others");
  const next = await turns.take("others");
  next.end();
  stuck.end();
  (await turns.take("urgent")).end();
  turns.close();
});

test("calls come in between turns", async () => {
  const turns = new Turns();
  let calls = 0;
  let isOver = false;
  const call = () => {
    calls += 1;
    if (!isOver) setImmediate(call);
  };
  setImmediate(call);
  for (let n = 0; n < 20; n += 1) {
    const turn = await turns.take("others");
    const until = performance.now() + 2;
    while (performance.now() < until);
    turn.end();
  }
  expect(calls).toBeGreaterThanOrEqual(5);
  isOver = true;
  await wait(1);
  turns.close();
});
