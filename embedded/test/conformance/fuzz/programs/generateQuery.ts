import { compareValues, type Value } from "convex/values";
import type { Random } from "../../../support/random.js";
import type {
  Fields,
  Filter,
  Operand,
  Query,
  RangeStep,
  SizeFilter,
  TableSpec,
} from "./program.js";
import { Ref, TimeOf } from "./program.js";

interface KnownDocument {
  readonly number: number;
  readonly fields: Fields;
}

/** The documents and pages that a query may refer to. */
interface Known {
  readonly random: Random;
  readonly hasDocuments: boolean;
  table(): TableSpec;
  document(): number;
  documentOf(table: string): KnownDocument | undefined;
  known(table: string, path: string): Operand;
}

export function randomQuery(known: Known): Query {
  const { random } = known;
  const table = known.table();
  const index = random.weighted({
    none: 3,
    declared: 8,
    by_creation_time: 1,
    by_id: known.hasDocuments ? 1 : 0,
  });
  const names = Object.keys(table.indexes);
  const indexName =
    index === "none"
      ? undefined
      : index === "declared"
        ? names[random.below(names.length)]
        : index;
  return {
    table: table.name,
    ...(indexName === undefined ? {} : { index: indexName }),
    range: indexName === undefined ? [] : randomRange(known, table, indexName),
    ...(random.chance(0.5)
      ? { order: random.pick(["asc", "desc"] as const) }
      : {}),
    filters: Array.from({ length: random.pick([0, 0, 0, 1, 1, 2]) }, () =>
      randomFilter(known, table.name, 0),
    ),
  };
}

/**
 * A range of equalities on the first fields, then bounds on the next; seldom one that no index
 * allows.
 */
function randomRange(
  known: Known,
  table: TableSpec,
  index: string,
): RangeStep[] {
  const { random } = known;
  // Ids order differently on each engine, so that they are only asked for one by one.
  if (index === "by_id") return [["eq", "_id", new Ref(known.document())]];
  const own = table.indexes[index] ?? [];
  const fields = known.hasDocuments ? [...own, "_creationTime"] : own;
  // The range is like a document, so that most ranges have something in them.
  const like = random.chance(0.8) ? known.documentOf(table.name) : undefined;
  const value = (field: string): Operand =>
    like !== undefined && random.chance(0.9)
      ? valueIn(like, field)
      : anyValue(known, table.name, field);
  const equalities = random.below(fields.length + 1);
  const range: RangeStep[] = fields
    .slice(0, equalities)
    .map((field) => ["eq", field, value(field)]);
  const next = random.chance(0.02)
    ? random.pick(["n", "s"])
    : fields[equalities];
  if (next === undefined) return range;
  const other = anyValue(known, table.name, next);
  return [...range, ...randomBounds(random, next, value(next), other)];
}

function anyValue(known: Known, table: string, field: string): Operand {
  return field === "_creationTime"
    ? new TimeOf(known.document())
    : known.known(table, field);
}

function valueIn({ number, fields }: KnownDocument, field: string): Operand {
  return field === "_creationTime"
    ? new TimeOf(number)
    : fieldAt(fields, field);
}

/** None, one or two bounds; the lower is mostly the smaller. */
function randomBounds(
  random: Random,
  field: string,
  one: Operand,
  other: Operand,
): RangeStep[] {
  const [low, high] =
    isAfter(one, other) === random.chance(0.9) ? [other, one] : [one, other];
  const lower = random.pick(["gt", "gte"] as const);
  const upper = random.pick(["lt", "lte"] as const);
  return [
    ...(random.chance(0.5) ? [[lower, field, low] as const] : []),
    ...(random.chance(0.5) ? [[upper, field, high] as const] : []),
  ];
}

/** Whether `a` is known to be greater than `b` before the program runs: ids are not. */
function isAfter(a: Operand, b: Operand): boolean {
  if (a instanceof TimeOf && b instanceof TimeOf)
    return a.document > b.document;
  const known = (operand: Operand): operand is Value | undefined =>
    !(operand instanceof Ref || operand instanceof TimeOf);
  return known(a) && known(b) && compareValues(a, b) > 0;
}

function fieldAt(fields: Fields, path: string): Operand {
  return path
    .split(".")
    .reduce<Operand>(
      (value, name) =>
        isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined,
      fields as Record<string, Value>,
    );
}

function isObject(value: Operand): value is Record<string, Value> {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype
  );
}

function randomFilter(known: Known, table: string, depth: number): Filter {
  const { random } = known;
  const kind = random.weighted({
    equal: 4,
    size: 5,
    join: depth < 2 ? 2 : 0,
    not: depth < 2 ? 1 : 0,
  });
  switch (kind) {
    case "equal": {
      const field = random.pick([
        "x",
        "y",
        "z",
        "o",
        "o.p",
        "x.a",
        "s",
        "n",
        "ref",
        "_id",
      ]);
      const isId = field === "ref" || field === "_id";
      const value =
        isId && known.hasDocuments
          ? new Ref(known.document())
          : known.known(table, field);
      return { op: random.pick(["eq", "neq"]), field, value };
    }
    case "size":
      return { op: random.pick(["lt", "lte", "gt", "gte"]), ...sized(random) };
    case "join":
      return {
        op: random.pick(["and", "or"]),
        parts: Array.from({ length: random.below(4) }, () =>
          randomFilter(known, table, depth + 1),
        ),
      };
    case "not":
      return { op: "not", part: randomFilter(known, table, depth + 1) };
    default:
      return kind satisfies never;
  }
}

/** A comparison of sizes, only of fields that every document has, within one type. */
function sized(random: Random): Omit<SizeFilter, "op"> {
  const op = random.pick(["add", "sub", "mul", "div", "mod"] as const);
  const isFirst = random.chance(0.4);
  switch (random.below(3)) {
    case 0:
      return {
        field: "n",
        value: random.pick([-3, 0.5, 2, 1e9]),
        ...(isFirst ? { first: { op, by: random.pick([1, -2, 0.5]) } } : {}),
      };
    case 1:
      return {
        field: "i",
        value: random.pick([-4n, 2n, 50n]),
        ...(isFirst ? { first: { op, by: random.pick([1n, -2n, 3n]) } } : {}),
      };
    default:
      return { field: "s", value: random.pick(["a", "ab", "b"]) };
  }
}
