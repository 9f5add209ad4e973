import type { JSONValue } from "convex/values";
import { expect, test } from "vitest";
import type { Database } from "../../src/database/database.js";
import { applySchema } from "../../src/database/schema/schema.js";
import { parseVectorQuery } from "../../src/database/vectors/vectorQuery.js";
import type { Pause } from "../../src/database/queries/vectorSearches.js";
import { openDatabase, write } from "../support/database.js";
import { openMemoryStore } from "../support/memoryStore.js";
import { notesSchema } from "../support/vectors/notes.js";

/** So many that they lie in several blocks, and are read in several goes. */
const NOTES = 2_600;
/** What a vector of two numbers and two filter fields is counted as. */
const ROW_BYTES = 2 * 4 + 200 + 2 * 64;

const vectorOf = (n: number) => [NOTES - n, n];
const never: Pause = () => undefined;

async function openNotes({
  maxVectorBytes,
  onEntry = () => {},
}: { maxVectorBytes?: number; onEntry?: () => void } = {}) {
  const store = openMemoryStore({ onEntry });
  const { db } = await openDatabase({
    store,
    ...(maxVectorBytes === undefined ? {} : { maxVectorBytes }),
  });
  await write(db, (tx) => {
    applySchema(tx, "", notesSchema());
    applySchema(tx, "part", notesSchema());
  });
  return { db, ids: await addNotes(db, "", NOTES) };
}

function addNotes(db: Database, component: string, count: number) {
  return write(db, (tx) =>
    Array.from({ length: count }, (_, n) =>
      tx.insert(component, "notes", { vector: vectorOf(n), n }),
    ),
  );
}

async function idsNear(
  db: Database,
  vector: JSONValue,
  { component = "", limit = 3, pause = never } = {},
) {
  const indexName = "notes.by_vector";
  const query = parseVectorQuery({ indexName, vector, limit });
  const { matches } = await db.vectors.search(component, query, pause);
  return matches.map(({ _id }) => _id);
}

/** Changes notes at each pause, of which there are some: the farthest comes nearest, the nearest goes. */
function changing(db: Database, ids: readonly string[]) {
  let pauses = 0;
  const pause: Pause = async () => {
    const n = pauses;
    pauses += 1;
    await write(db, (tx) => {
      tx.patch("", ids.at(-1 - n)!, { vector: [1, 0] });
      tx.remove("", ids[n]!);
      tx.insert("", "notes", { vector: [1, 0] });
    });
  };
  return { pause, pauses: () => pauses };
}

test("a search finds what there was when it began, whatever is written while it gives the thread away", async () => {
  const { db, ids } = await openNotes();
  await idsNear(db, [1, 0]);
  const { pause, pauses } = changing(db, ids);
  expect(await idsNear(db, [1, 0], { pause })).toEqual(ids.slice(0, 3));
  expect(pauses()).toBeGreaterThan(1);
  const limit = 2 * pauses();
  const now = await idsNear(db, [1, 0], { limit: limit + 1 });
  expect(now.slice(0, limit)).not.toContain(ids[0]);
  expect(now.at(-1)).toBe(ids[pauses()]);
});

test("what is written while the vectors are read into memory is found", async () => {
  const { db, ids } = await openNotes();
  const { pause, pauses } = changing(db, ids);
  const near = (await idsNear(db, [1, 0], { pause, limit: 256 })).slice(0, 3);
  expect(pauses()).toBeGreaterThan(2);
  expect(near).not.toContain(ids[0]);
  expect(await idsNear(db, [1, 0], { limit: 256 })).not.toContain(ids[0]);
});

test("searches that come while the vectors are read wait for the same, and later ones read nothing", async () => {
  let read = 0;
  const { db, ids } = await openNotes({ onEntry: () => (read += 1) });
  const pause: Pause = () => new Promise((resolve) => setImmediate(resolve));
  read = 0;
  const found = await Promise.all(
    [0, 1, 2].map(() => idsNear(db, [1, 0], { pause })),
  );
  expect(found).toEqual([0, 1, 2].map(() => ids.slice(0, 3)));
  expect(read).toBe(NOTES);
  await idsNear(db, [0, 1]);
  expect(read).toBe(NOTES);
});

test("a search of an index that goes while its vectors are read says so", async () => {
  const { db } = await openNotes();
  const pause: Pause = async () => {
    await write(db, (tx) => {
      applySchema(tx, "", notesSchema({ hasIndex: false }));
    });
  };
  await expect(idsNear(db, [1, 0], { pause })).rejects.toThrow(
    "Index notes.by_vector not found.",
  );
  expect(db.vectors.heldBytes).toBe(0);
});

test("vectors that do not fit are read by each search, and found as the others", async () => {
  const { db, ids } = await openNotes({
    maxVectorBytes: NOTES * ROW_BYTES - 1,
  });
  const { pause } = changing(db, ids);
  expect(await idsNear(db, [1, 0], { pause })).toEqual(ids.slice(0, 3));
  expect(db.vectors.heldBytes).toBe(0);
  expect(await idsNear(db, [1, 0], { limit: 256 })).not.toContain(ids[0]);
});

test("vectors that were searched longest ago make room for others", async () => {
  const { db, ids } = await openNotes({
    maxVectorBytes: (NOTES + 99) * ROW_BYTES,
  });
  await idsNear(db, [1, 0]);
  expect(db.vectors.heldBytes).toBe(NOTES * ROW_BYTES);
  const others = await addNotes(db, "part", 100);
  const component = "part";
  expect(await idsNear(db, [1, 0], { component })).toEqual(others.slice(0, 3));
  expect(db.vectors.heldBytes).toBe(100 * ROW_BYTES);
  expect(await idsNear(db, [1, 0])).toEqual(ids.slice(0, 3));
  expect(db.vectors.heldBytes).toBe(NOTES * ROW_BYTES);
  await addNotes(db, "", 100);
  expect(db.vectors.heldBytes).toBe(0);
});
