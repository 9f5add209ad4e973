import {
  defineSchema,
  defineTable,
  type GenericSchema,
  type SchemaDefinition,
} from "convex/server";
import {
  v,
  type GenericValidator,
  type ValidatorJSON,
  type Value,
} from "convex/values";
import { parseFieldPath } from "../../../../src/database/values/fieldPath.js";
import { canContainField } from "../../../../src/database/values/validatorDefinition.js";
import { randomString, randomValue } from "../../../database/values.js";
import type { Random } from "../../../support/random.js";
import type { SchemaSpec, TableSpec } from "./program.js";

/**
 * Fields in every document, which filters may compare by size on both engines (see
 * knownDifferences.ts).
 */
const PLAIN_FIELDS = {
  n: v.number(),
  i: v.int64(),
  s: v.string(),
};

/** Fields that may be missing, and hold every value that their validator allows. */
export const FREE_FIELDS = ["x", "y", "z", "o"] as const;

const INDEXABLE = ["n", "i", "s", "x", "y", "z", "o.p", "o.q", "o", "x.a"];

export function randomSchema(random: Random): SchemaSpec {
  const tables = ["alpha", "beta", "gamma"].slice(0, 1 + random.below(3));
  return {
    validated: random.chance(0.75),
    tables: tables.map((name) => randomTable(random, name, tables)),
  };
}

export function toSchema(
  spec: SchemaSpec,
): SchemaDefinition<GenericSchema, boolean> {
  return defineSchema(
    Object.fromEntries(
      spec.tables.map(({ name, fields, indexes }) => [
        name,
        Object.entries(indexes).reduce(
          (table, [index, [first = "n", ...rest]]) =>
            table.index(index, [first, ...rest]),
          // Fields are chosen at random, so that their types are not known.
          defineTable(fields as Record<string, ReturnType<typeof v.any>>),
        ),
      ]),
    ),
    { schemaValidation: spec.validated },
  );
}

function randomTable(
  random: Random,
  name: string,
  tables: readonly string[],
): TableSpec {
  const free = FREE_FIELDS.map((field) => [
    field,
    field === "o" && random.chance(0.7)
      ? v.optional(
          v.object({ p: v.any(), q: v.optional(randomValidator(random, 1)) }),
        )
      : v.optional(random.chance(0.4) ? v.any() : randomValidator(random, 0)),
  ]);
  const fields = {
    ...PLAIN_FIELDS,
    ...(Object.fromEntries(free) as Record<string, GenericValidator>),
    ref: v.optional(v.id(random.pick(tables))),
  };
  const { json } = v.object(fields) as unknown as { json: ValidatorJSON };
  // An index of a field that no document can have is refused.
  const indexable = INDEXABLE.filter((path) =>
    canContainField(json, parseFieldPath(path)),
  );
  const indexes = new Map(
    Array.from({ length: random.below(4) }, () => {
      const indexed = distinct(random, indexable, 1 + random.below(3));
      // Two indexes of the same fields are refused.
      return [indexed.join(), indexed] as const;
    }),
  );
  return {
    name,
    fields,
    indexes: Object.fromEntries(
      [...indexes.values()].map((indexed, at) => [`by_${at}`, indexed]),
    ),
  };
}

/** A required validator, so that it can stand in arrays and objects. */
function randomValidator(random: Random, depth: number): GenericValidator {
  const leaf = random.pick([
    v.null,
    v.number,
    v.int64,
    v.boolean,
    v.string,
    v.bytes,
    v.any,
    () => v.literal("a"),
    () => v.literal(true),
    () => v.literal(1),
  ]);
  if (depth > 2 || random.chance(0.5)) return leaf();
  const part = () => randomValidator(random, depth + 1);
  switch (random.below(3)) {
    case 0:
      return v.array(part());
    case 1:
      return v.union(part(), part(), v.null());
    default:
      return v.object({ a: part(), b: v.optional(part()) });
  }
}

/** A value that the validator allows; now and then any value. */
export function valueFor(random: Random, validator: GenericValidator): Value {
  if (random.chance(0.02)) return randomValue(random);
  switch (validator.kind) {
    case "null":
      return null;
    case "float64":
      return sample(random, (value) => typeof value === "number");
    case "int64":
      return sample(random, (value) => typeof value === "bigint");
    case "boolean":
      return random.chance(0.5);
    case "string":
      return randomString(random);
    case "bytes":
      return sample(random, (value) => value instanceof ArrayBuffer);
    case "literal":
      return validator.value as Value;
    case "array":
      return Array.from({ length: random.below(4) }, () =>
        valueFor(random, validator.element as GenericValidator),
      );
    case "union":
      return valueFor(
        random,
        random.pick(validator.members as GenericValidator[]),
      );
    case "object":
      return Object.fromEntries(
        Object.entries(
          validator.fields as Record<string, GenericValidator>,
        ).flatMap(([name, field]) =>
          field.isOptional === "optional" && random.chance(0.4)
            ? []
            : [[name, valueFor(random, field)]],
        ),
      );
    default:
      return randomValue(random);
  }
}

function sample(random: Random, wanted: (value: Value) => boolean): Value {
  for (;;) {
    const value = randomValue(random, 3);
    if (wanted(value)) return value;
  }
}

function distinct<T>(random: Random, items: readonly T[], count: number): T[] {
  const left = [...items];
  return Array.from({ length: count }, () =>
    left.splice(random.below(left.length), 1),
  ).flat();
}
