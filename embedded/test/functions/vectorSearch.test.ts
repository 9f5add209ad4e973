import type { JSONValue } from "convex/values";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine, errorOf, valueOf } from "../support/engine.js";
import {
  addNotes,
  notesApp,
  notesSchema,
  searchNotes,
  type Note,
} from "../support/vectors/notes.js";

/** A vector at so many degrees; longer by `length`, which a cosine does not see. */
function at(degrees: number, length = 1): number[] {
  const radians = (degrees * Math.PI) / 180;
  return [length * Math.cos(radians), length * Math.sin(radians)];
}

const cosine = (degrees: number) => Math.cos((degrees * Math.PI) / 180);

const MINUS_ZERO = { $float: "AAAAAAAAAIA=" };
const NOT_A_NUMBER = { $float: "AAAAAAAA+H8=" };
const INT64_1 = { $integer: "AQAAAAAAAAA=" };

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.open({ ...notesApp(), children: { part: notesApp() } });
});
afterAll(() => engine.remove());

/** Runs with only these notes in the table. */
async function withNotes(
  notes: readonly Note[],
  run: (ids: string[]) => Promise<void>,
): Promise<void> {
  const ids = await addNotes(engine, notes);
  try {
    await run(ids);
  } finally {
    await engine.mutation("vectors:removeAll", { ids });
  }
}

const idsOf = async (query: object) =>
  (await searchNotes(engine, query)).map(({ _id }) => _id);

describe("what is found", () => {
  it("are ids and cosines, the most similar first", async () => {
    const degrees = [170, 10, 80, 0, 45];
    const notes = degrees.map((one) => ({ vector: at(one, 1 + one) }));
    await withNotes(notes, async (ids) => {
      const found = await searchNotes(engine, { vector: at(0, 1e-3) });
      expect(found.map(({ _id }) => degrees[ids.indexOf(_id)])).toEqual([
        0, 10, 45, 80, 170,
      ]);
      for (const { _id, _score, ...rest } of found) {
        expect(_score).toBeCloseTo(cosine(degrees[ids.indexOf(_id)]!), 6);
        expect(_score).toBe(Math.fround(_score));
        expect(rest).toEqual({});
      }
    });
  });

  it("are ten, unless a limit says otherwise", async () => {
    const notes = Array.from({ length: 300 }, (_, n) => ({
      vector: at(n / 2),
    }));
    await withNotes(notes, async (ids) => {
      expect(await idsOf({ vector: at(0) })).toEqual(ids.slice(0, 10));
      expect(await idsOf({ vector: at(0), limit: 3 })).toEqual(ids.slice(0, 3));
      expect(await idsOf({ vector: at(0), limit: 256 })).toEqual(
        ids.slice(0, 256),
      );
      expect(await idsOf({ vector: at(0), limit: 0 })).toEqual([]);
    });
  });

  it("comes by id, the greater first, where the scores are the same", async () => {
    const notes = Array.from({ length: 20 }, () => ({ vector: at(30) }));
    await withNotes(notes, async (ids) => {
      const inOrder = ids.toSorted().toReversed();
      expect(await idsOf({ vector: at(30), limit: 5 })).toEqual(
        inOrder.slice(0, 5),
      );
    });
  });

  it("is only what holds a vector of the index's dimensions, of finite floats", async () => {
    const notes: Note[] = [
      { vector: [1, MINUS_ZERO] },
      {},
      { vector: null },
      { vector: [1] },
      { vector: [1, 0, 0] },
      { vector: [1, "0"] },
      { vector: [INT64_1, 0] },
      { vector: [NOT_A_NUMBER, 0] },
      { vector: [1e300, 0] },
      { vector: { x: 1, y: 0 } },
    ];
    await withNotes(notes, async ([id]) => {
      expect(await idsOf({ vector: [1, 0] })).toEqual([id]);
    });
  });

  it("is no error where a vector has no direction: it is similar to none", async () => {
    await withNotes(
      [{ vector: [0, 0] }, { vector: at(60) }, { vector: at(120) }],
      async ([zero, near, far]) => {
        const found = await searchNotes(engine, { vector: [1, 0] });
        expect(found.map(({ _id }) => _id)).toEqual([near, zero, far]);
        expect(found[1]?._score).toBe(0);
      },
    );
  });
});

describe("a filter", () => {
  const notes: Note[] = [
    { vector: at(0), kind: "a", place: { city: "Rome" } },
    { vector: at(10), kind: "b", place: { city: "Oslo" } },
    { vector: at(20), kind: "c", place: {} },
    { vector: at(30), kind: null, place: { city: null } },
    { vector: at(40), place: { city: 7 } },
    { vector: at(50), kind: "x".repeat(100), place: { city: MINUS_ZERO } },
    { vector: at(60), kind: ["a", { b: 1 }], place: { city: INT64_1 } },
  ];
  const cases: [string, JSONValue, number[]][] = [
    ["of one value", [["kind", "a"]], [0]],
    [
      "of several values of a field",
      [
        ["kind", "a"],
        ["kind", "c"],
      ],
      [0, 2],
    ],
    [
      "of several fields",
      [
        ["kind", "b"],
        ["place.city", "Rome"],
      ],
      [0, 1],
    ],
    ["of null, which is not undefined", [["kind", null]], [3]],
    ["of a field that is not there", [["kind"]], [4]],
    ["of a nested field that is not there", [["place.city"]], [2]],
    ["of a number", [["place.city", 7]], [4]],
    ["of an int64", [["place.city", INT64_1]], [6]],
    ["of 0, which is not -0", [["place.city", 0]], []],
    ["of -0", [["place.city", MINUS_ZERO]], [5]],
    ["of a long string", [["kind", "x".repeat(100)]], [5]],
    ["of an array", [["kind", ["a", { b: 1 }]]], [6]],
    ["of what no document has", [["kind", "z"]], []],
    ["of nothing, which all pass", [], [0, 1, 2, 3, 4, 5, 6]],
  ];

  it("lets through what equals one of its values in one of its fields", async () => {
    await withNotes(notes, async (ids) => {
      for (const [name, filter, expected] of cases) {
        const found = await idsOf({ vector: at(0), filter });
        expect(found, name).toEqual(expected.map((n) => ids[n]));
      }
    });
  });

  it("leaves as many as the limit says of those that pass", async () => {
    const many = Array.from({ length: 100 }, (_, n) => ({
      vector: at(n),
      kind: n % 10 === 9 ? "rare" : "common",
    }));
    await withNotes(many, async (ids) => {
      const filter = [["kind", "rare"]];
      const found = await idsOf({ vector: at(0), filter, limit: 3 });
      expect(found).toEqual([ids[9], ids[19], ids[29]]);
    });
  });
});

describe("what is written", () => {
  it("is found by the next search, and by that of the action that wrote it", async () => {
    const outcome = await engine.action("vectors:addAndSearch", {
      note: { vector: at(123) },
    });
    const { id, found } = valueOf(outcome) as unknown as {
      id: string;
      found: JSONValue;
    };
    expect(found).toMatchObject([{ _id: id }]);
    await engine.mutation("vectors:remove", { id });
    expect(await idsOf({ vector: at(123) })).toEqual([]);
  });

  it("is found as it is after a patch, a replacement, a removal", async () => {
    await withNotes(
      [
        { vector: at(0), kind: "a" },
        { vector: at(90), kind: "a" },
        { vector: at(100), kind: "a" },
      ],
      async ([first = "", second = "", third = ""]) => {
        const near90 = () => idsOf({ vector: at(90), filter: [["kind", "a"]] });
        expect(await near90()).toEqual([second, third, first]);
        await change("patch", { id: first, note: { vector: at(95) } });
        expect(await near90()).toEqual([second, first, third]);
        await change("patch", { id: second, note: { kind: "b" } });
        expect(await near90()).toEqual([first, third]);
        await change("unset", { id: first, field: "vector" });
        expect(await near90()).toEqual([third]);
        await change("replace", {
          id: third,
          note: { vector: [1], kind: "a" },
        });
        expect(await near90()).toEqual([]);
        await change("replace", {
          id: first,
          note: { vector: at(91, 5), kind: "a" },
        });
        expect(await near90()).toEqual([first]);
      },
    );
  });

  it("is not found where the mutation threw", async () => {
    const note = { vector: at(200) };
    const outcome = await engine.mutation("vectors:addAndThrow", { note });
    expect(outcome.status).toBe("error");
    expect(await idsOf({ vector: at(200) })).toEqual([]);
  });

  it("is found by actions of its own component only", async () => {
    const inPart = { componentPath: "part" };
    const note = { vector: at(10) };
    await engine.mutation("vectors:add", { notes: [note] }, inPart);
    const query = { vector: at(10) };
    expect(await idsOf(query)).toEqual([]);
    const outcome = await engine.action("vectors:search", query, inPart);
    expect(valueOf(outcome)).toHaveLength(1);
  });
});

describe("a search that cannot be made", () => {
  const one = { indexName: "notes.by_vector", vector: [1, 0] };
  const eq = (field: string, value: JSONValue) => ({
    $eq: [{ $field: field }, { $literal: value }],
  });
  const or = (length: number) => ({
    $or: Array.from({ length }, (_, n) => eq("kind", n)),
  });
  const cases: [JSONValue, string][] = [
    [
      { ...one, vector: [1, 0, 0] },
      "Expected a vector with dimensions 2, received 3.",
    ],
    [
      { ...one, vector: Array(4_097).fill(0) },
      "Expected a vector with dimensions 4096, received 4097.",
    ],
    [
      { ...one, vector: [1, null] },
      "Invalid argument `vector` for `vectorSearch`: expected an array of numbers that float32 can hold, got [1,null]",
    ],
    [{ ...one, vector: [1, 1e39] }, "got [1,1e+39]"],
    [
      { ...one, limit: 257 },
      "Vector queries can fetch at most 256 results, requested 257.",
    ],
    [
      { ...one, limit: 1.5 },
      "Invalid argument `limit` for `vectorSearch`: expected an integer from 1 to 256, got 1.5",
    ],
    [{ ...one, limit: -1 }, "expected an integer from 1 to 256, got -1"],
    [
      { ...one, expressions: eq("other", 1) },
      'Vector query against notes.by_vector contains a filter on "other" but that field isn\'t indexed for filtering in `filterFields`.',
    ],
    [
      { ...one, expressions: or(65) },
      "Vector query against notes.by_vector has too many conditions. Max: 64 Actual: 65",
    ],
    [
      { ...one, expressions: { $and: [eq("kind", 1)] } },
      "Filters should be a combination of `q.eq` and `q.or`.",
    ],
    [
      { ...one, expressions: { $or: [{ $literal: true }] } },
      "Filters should be a combination of `q.eq` and `q.or`.",
    ],
    [
      { ...one, expressions: { $eq: [{ $literal: 1 }, { $field: "kind" }] } },
      "`q.eq` must take a field path as its first argument and a value as its second",
    ],
    [{ ...one, indexName: "notes.other" }, "Index notes.other not found."],
    [
      { ...one, indexName: "notes.by_kind" },
      "Index notes.by_kind is not a vector index",
    ],
    [
      { ...one, indexName: "notes.by_id" },
      "Index notes.by_id is not a vector index",
    ],
    [{ ...one, indexName: "notes" }, "Insufficient components in index name"],
    [{ ...one, indexName: "a.b.c" }, "Too many components in index name a.b.c"],
  ];

  it("is refused in Convex's words", async () => {
    for (const [query, message] of cases) {
      const outcome = await ask(query);
      expect(errorOf(outcome)).toContain(message);
    }
  });

  it("is not refused for 64 conditions, or conditions that are the same", async () => {
    for (const expressions of [
      or(64),
      { $or: [or(64), or(64)] },
      { $or: [] },
      null,
    ]) {
      const query = { ...one, expressions };
      const outcome = await ask(query);
      expect(valueOf(outcome)).toEqual([]);
    }
  });

  it("finds nothing in a table that does not exist", async () => {
    const query = { ...one, indexName: "nothing.by_vector", limit: 1_000 };
    const outcome = await ask(query);
    expect(valueOf(outcome)).toEqual([]);
  });

  it("is an unknown operation in queries and mutations", async () => {
    const unknown = "Unknown async operation 1.0/actions/vectorSearch";
    expect(errorOf(await engine.query("vectors:inQuery"))).toContain(unknown);
    expect(errorOf(await engine.mutation("vectors:inMutation"))).toContain(
      unknown,
    );
  });
});

describe("an index", () => {
  it("that a push brings has what is there, and one that it drops gives its memory back", async () => {
    await withNotes([{ vector: [1, 2, 3] }], async (ids) => {
      const deploy = (options: Parameters<typeof notesSchema>[0]) =>
        engine.deploy({
          ...notesApp(notesSchema(options)),
          children: { part: notesApp() },
        });
      await deploy({ dimensions: 3, filterFields: [] });
      expect(await idsOf({ vector: [1, 2, 3] })).toEqual(ids);
      const { heldBytes } = engine.database.vectors;
      await deploy({ hasIndex: false });
      expect(engine.database.vectors.heldBytes).toBeLessThan(heldBytes);
      expect(
        errorOf(await engine.action("vectors:search", { vector: [1, 2, 3] })),
      ).toContain("Index notes.by_vector not found.");
      await deploy({});
      expect(await idsOf({ vector: [1, 0] })).toEqual([]);
    });
  });
});

function ask(query: JSONValue) {
  return engine.action("vectors:raw", { json: JSON.stringify(query) });
}

async function change(name: string, args: JSONValue): Promise<void> {
  expect((await engine.mutation(`vectors:${name}`, args)).status).toBe(
    "success",
  );
}
