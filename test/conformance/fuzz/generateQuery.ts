import type { Random } from "../../random.js";
import type {
  Filter,
  Operand,
  Query,
  RangeStep,
  SizeFilter,
  TableSpec,
} from "./program.js";
import { Ref, TimeOf } from "./program.js";

/** What a query is made of besides chance. */
interface Known {
  readonly random: Random;
  readonly hasDocuments: boolean;
  table(): TableSpec;
  document(): number;
  known(path: string): Operand;
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
      randomFilter(known, 0),
    ),
  };
}

/** Equalities on the first fields, then bounds on the next; seldom one that no index allows. */
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
  const value = (field: string): Operand =>
    field === "_creationTime"
      ? new TimeOf(known.document())
      : known.known(field);
  const equalities = random.below(fields.length + 1);
  const range: RangeStep[] = fields
    .slice(0, equalities)
    .map((field) => ["eq", field, value(field)]);
  const next = random.chance(0.02)
    ? random.pick(["n", "s"])
    : fields[equalities];
  if (next === undefined) return range;
  if (random.chance(0.5))
    range.push([random.pick(["gt", "gte"]), next, value(next)]);
  if (random.chance(0.5))
    range.push([random.pick(["lt", "lte"]), next, value(next)]);
  return range;
}

function randomFilter(known: Known, depth: number): Filter {
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
          : known.known(field);
      return { op: random.pick(["eq", "neq"]), field, value };
    }
    case "size":
      return { op: random.pick(["lt", "lte", "gt", "gte"]), ...sized(random) };
    case "join":
      return {
        op: random.pick(["and", "or"]),
        parts: Array.from({ length: random.below(4) }, () =>
          randomFilter(known, depth + 1),
        ),
      };
    case "not":
      return { op: "not", part: randomFilter(known, depth + 1) };
    default:
      return kind satisfies never;
  }
}

/** Sizes are compared on fields that every document has, within one type. */
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
