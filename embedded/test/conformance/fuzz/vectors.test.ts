import type { JSONValue } from "convex/values";
import { expect, onTestFinished, test } from "vitest";
import { Engine, errorOf } from "../../support/engine.js";
import { Random } from "../../support/random.js";
import {
  addNotes,
  notesApp,
  notesSchema,
  searchNotes,
  type Note,
} from "../../support/vectors/notes.js";
import { fuzzSettings } from "./settings.js";

const { isLong, replay, firstSeed } = fuzzSettings();
const PROGRAMS = isLong ? 200 : 2;
const OPERATIONS = 60;

/** How far a float32 score may be from the exact cosine. */
const TOLERANCE = 2e-6;

const KINDS = ["a", "b", null, 1, { $integer: "AQAAAAAAAAA=" }, undefined];

interface Schema {
  readonly dimensions: number;
  readonly filterFields: string[];
  readonly hasIndex: boolean;
}

/** What should be there. */
interface Model {
  readonly notes: Map<string, Note>;
  schema: Schema;
}

test("vector searches find what a model of them says", async () => {
  const seeds = new Random(firstSeed);
  let operations = 0;
  for (let program = 0; program < PROGRAMS; program += 1) {
    const seed = replay ?? seeds.below(2 ** 31);
    operations += await run(seed);
    if (replay !== undefined) break;
  }
  console.log(
    `${operations} operations of vectors from seed ${firstSeed} agree.`,
  );
}, 900_000);

async function run(seed: number): Promise<number> {
  const random = new Random(seed);
  const model: Model = { notes: new Map(), schema: anySchema(random) };
  // Some have room for all vectors, some for those of small tables, some for none.
  const maxVectorBytes = random.pick([2 ** 30, 20_000, 0]);
  const options = { maxVectorBytes };
  const app = () => notesApp(notesSchema(model.schema));
  let engine = await Engine.open(app(), options);
  onTestFinished(() => engine.remove());
  for (let n = 0; n < OPERATIONS; n += 1) {
    const where = `FUZZ_SEED=${seed}, operation ${n}`;
    const operation = random.weighted({
      write: 40,
      search: 40,
      both: 10,
      schema: 5,
      restart: 2,
    });
    switch (operation) {
      case "write":
        await write(engine, random, model);
        break;
      case "search":
        await search(engine, random, model, where);
        break;
      case "both":
        await Promise.all([
          searchWhatever(engine, random, model),
          write(engine, random, model),
          searchWhatever(engine, random, model),
        ]);
        break;
      case "schema":
        model.schema = anySchema(random);
        await engine.deploy(app());
        break;
      case "restart": {
        const { dataDir } = engine;
        await engine.close();
        engine = await Engine.open(app(), { ...options, dataDir });
      }
    }
  }
  await search(engine, random, model, `FUZZ_SEED=${seed}, at the end`);
  return OPERATIONS;
}

async function write(
  engine: Engine,
  random: Random,
  { notes, schema }: Model,
): Promise<void> {
  const [id] = notes.size === 0 ? [] : [random.pick([...notes.keys()])];
  const note = anyNote(random, schema);
  const kind =
    id === undefined || random.chance(0.5)
      ? "add"
      : random.pick(["patch", "replace", "remove"] as const);
  if (kind === "add") {
    const added = Array.from({ length: 1 + random.below(8) }, () =>
      anyNote(random, schema),
    );
    const ids = await addNotes(engine, added);
    for (const [n, one] of added.entries()) notes.set(ids[n]!, one);
    return;
  }
  const outcome = await engine.mutation(`vectors:${kind}`, { id: id!, note });
  expect(outcome.status).toBe("success");
  if (kind === "remove") notes.delete(id!);
  else notes.set(id!, kind === "patch" ? { ...notes.get(id!), ...note } : note);
}

async function search(
  engine: Engine,
  random: Random,
  { notes, schema }: Model,
  where: string,
): Promise<void> {
  const query = anyQuery(random, schema);
  if (!schema.hasIndex) {
    const outcome = await engine.action("vectors:search", query);
    expect(errorOf(outcome), where).toContain("not found");
    return;
  }
  const found = await searchNotes(engine, query);
  const scores = new Map(
    [...notes]
      .filter(([, note]) => passes(note, query.filter))
      .map(([id, note]) => [id, cosine(note.vector, query.vector)] as const)
      .filter(([, score]) => !Number.isNaN(score)),
  );
  const best = [...scores.values()].toSorted((a, b) => b - a);
  const told = `${where}: ${JSON.stringify({ query, found })}`;
  expect(found.length, told).toBe(Math.min(query.limit, scores.size));
  expect(new Set(found.map(({ _id }) => _id)).size, told).toBe(found.length);
  for (const [n, { _id, _score }] of found.entries()) {
    expect(Math.abs(_score - best[n]!), told).toBeLessThan(TOLERANCE);
    expect(Math.abs(_score - scores.get(_id)!), told).toBeLessThan(TOLERANCE);
    const next = found[n + 1];
    if (next === undefined) continue;
    const isInOrder =
      _score > next._score || (_score === next._score && _id > next._id);
    expect(isInOrder, told).toBe(true);
  }
}

/** A search beside writes, of which it may see any. */
async function searchWhatever(
  engine: Engine,
  random: Random,
  { schema }: Model,
): Promise<void> {
  if (schema.hasIndex) await searchNotes(engine, anyQuery(random, schema));
}

function anySchema(random: Random): Schema {
  return {
    dimensions: random.pick([2, 3, 7, 64]),
    filterFields: random.pick([[], ["kind"], ["kind", "place.city"]]),
    hasIndex: random.chance(0.9),
  };
}

function anyNote(random: Random, { dimensions }: Schema): Note {
  const size = random.chance(0.9) ? dimensions : random.pick([0, 1, 2, 3, 65]);
  const kind = random.pick(KINDS);
  const city = random.pick(KINDS);
  return {
    ...(random.chance(0.1) ? {} : { vector: anyVector(random, size) }),
    ...(kind === undefined ? {} : { kind }),
    ...(random.chance(0.3)
      ? {}
      : { place: city === undefined ? {} : { city } }),
  };
}

/** A vector of small whole numbers, of which many are similar and some the same, or of any. */
function anyVector(random: Random, dimensions: number): number[] {
  const isSmall = random.chance(0.5);
  const numbers = Array.from({ length: dimensions }, () =>
    isSmall ? random.below(3) : (random.next() - 0.5) * 1_000,
  );
  return random.chance(0.05) ? numbers.map(() => 0) : numbers;
}

function anyQuery(random: Random, { dimensions, filterFields }: Schema) {
  const conditions = Array.from({ length: random.below(4) }, () => {
    const value = random.pick(KINDS);
    const field = random.pick(
      filterFields.length === 0 ? ["kind"] : filterFields,
    );
    return value === undefined ? [field] : [field, value];
  });
  return {
    vector: anyVector(random, dimensions),
    limit: random.pick([1, 2, 5, 256]),
    filter: filterFields.length === 0 ? [] : conditions,
  };
}

function passes(note: Note, filter: readonly JSONValue[][]): boolean {
  if (filter.length === 0) return true;
  return filter.some(([field, value]) => {
    const actual = field === "kind" ? note.kind : note.place?.city;
    return JSON.stringify(actual) === JSON.stringify(value);
  });
}

/** NaN where one of them is not such a vector. */
function cosine(a: JSONValue | undefined, b: readonly number[]): number {
  if (!Array.isArray(a) || a.length !== b.length) return NaN;
  const numbers = a as number[];
  const dot = numbers.reduce((sum, number, n) => sum + number * b[n]!, 0);
  const lengths = Math.hypot(...numbers) * Math.hypot(...b);
  return lengths === 0 ? 0 : dot / lengths;
}
