import { expect, test } from "vitest";
import { RequestRecords } from "../../../src/server/sync/requestRecords.js";
import { openDatabase, read, write } from "../../support/database.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

async function openRecords() {
  const { db, clock } = await openDatabase();
  const records = new RequestRecords(db, {
    clock,
    log: (line) => {
      throw new Error(line);
    },
  });
  const commit = (requestId: number) =>
    write(db, (tx) => {
      const key = { sessionId: "s", requestId };
      const hooks = records.hooks(key, {
        recorded: () => undefined,
        committed: () => undefined,
      });
      if (hooks.begin?.(tx) !== true) return "recorded";
      hooks.beforeCommit?.(tx, { value: requestId, logLines: [] });
      return "ran";
    });
  const stored = () =>
    read(db, (tx) => [...tx.meta.range("sync/request/")].length);
  return { db, clock, records, commit, stored };
}

test("a mutation runs once for two weeks", async () => {
  const { clock, records, commit } = await openRecords();
  expect(await commit(1)).toBe("ran");
  clock.advance(14 * DAY_MS);
  expect(await commit(1)).toBe("recorded");
  expect(records.find({ sessionId: "s", requestId: 1 })).toMatchObject({
    value: 1,
  });
  expect(records.find({ sessionId: "s", requestId: 2 })).toBeUndefined();
  expect(records.find({ sessionId: "other", requestId: 1 })).toBeUndefined();
  await records.close();
});

test("old records are deleted, more than one batch of them, and new ones stay", async () => {
  const { clock, records, commit, stored } = await openRecords();
  for (let requestId = 0; requestId < 1_100; requestId++) {
    await commit(requestId);
  }
  clock.advance(13 * DAY_MS);
  await commit(2_000);
  expect(stored()).toBe(1_101);
  clock.advance(8 * DAY_MS);
  await commit(2_001);
  clock.advance(HOUR_MS);
  await expect.poll(stored).toBe(2);
  await records.close();
});
