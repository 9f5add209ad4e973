import { v, type JSONValue, type ValidatorJSON } from "convex/values";
import { expect, test } from "vitest";
import {
  describeMismatch,
  validateArgs,
  validateReturns,
} from "../../src/database/values/validators.js";
import { openDatabase, read } from "../support/database.js";

/** `json` is internal in Convex's types. */
function jsonOf(validator: object): ValidatorJSON {
  return (validator as { json: ValidatorJSON }).json;
}

const int = { $integer: "AQAAAAAAAAA=" };
const bytes = { $bytes: "AQI=" };
const infinity = { $float: "AAAAAAAA8H8=" };

test.each<[object, JSONValue]>([
  [v.null(), null],
  [v.number(), 1.5],
  [v.number(), infinity],
  [v.int64(), int],
  [v.boolean(), false],
  [v.string(), ""],
  [v.bytes(), bytes],
  [v.any(), { deep: [int] }],
  [v.literal("a"), "a"],
  [v.literal(1), 1],
  [v.literal(1n), int],
  [v.array(v.string()), ["a", "b"]],
  [v.record(v.string(), v.number()), { a: 1 }],
  [v.object({ a: v.optional(v.string()) }), {}],
  [v.union(v.string(), v.null()), null],
  [
    v.union(
      v.object({ kind: v.literal("a") }),
      v.object({ kind: v.literal("b") }),
    ),
    { kind: "b" },
  ],
])("validator %# accepts its value", (validator, value) => {
  expect(
    describeMismatch(jsonOf(validator), value, () => undefined),
  ).toBeNull();
});

test.each<[object, JSONValue, string]>([
  [
    v.number(),
    int,
    "Value does not match validator.\n\nValue: 1\nValidator: v.float64()",
  ],
  [v.int64(), 1, "Value: 1.0\nValidator: v.int64()"],
  [v.string(), bytes, 'Value: b"AQI="'],
  [v.object({}), int, "Value: 1\nValidator: v.object({})"],
  [v.bytes(), "AQI=", 'Value: "AQI="\nValidator: v.bytes()'],
  [
    v.literal("a"),
    "b",
    '`"b"` does not match literal validator `v.literal("a")`.',
  ],
  [v.literal(1n), 1, "`v.literal(<bigint>)`"],
  [
    v.array(v.object({ x: v.string() })),
    [{ x: "" }, { x: 1 }],
    "Path: [1].x\nValue: 1.0",
  ],
  [v.record(v.string(), v.number()), { a: "b" }, 'Path: .values()\nValue: "b"'],
  [v.object({ a: v.string() }), {}, "missing the required field `a`"],
  [
    v.object({ a: v.object({ b: v.null() }) }),
    { a: { b: null, c: infinity } },
    "Object contains extra field `c` that is not in the validator.\nPath: .a\nObject: {b: null, c: inf}\nValidator: v.object({b: v.null()})",
  ],
  [
    v.union(v.string(), v.null()),
    1,
    "Value: 1.0\nValidator: v.union(v.string(), v.null())",
  ],
  [
    v.record(v.id("t"), v.any()),
    { x: 1 },
    'Path: .keys()\nValue: "x"\nValidator: v.id("t")',
  ],
])(
  "validator %# refuses another value with the reason",
  (validator, value, text) => {
    expect(
      describeMismatch(jsonOf(validator), value, () => undefined),
    ).toContain(text);
  },
);

test("failures of args and returns have codes of their own", async () => {
  const { db } = await openDatabase();
  const args = jsonOf(v.object({ a: v.string() })) as JSONValue;
  read(db, (tx) => {
    validateArgs(tx, "", args, { a: "x" });
    validateArgs(tx, "", null, { whatever: 1 });
    expect(() => validateArgs(tx, "", args, {})).toThrow(
      "ArgumentValidationError: Object is missing the required field `a`.",
    );
    expect(() => validateReturns(tx, "", args, 1)).toThrow(
      "ReturnsValidationError: Value does not match validator.",
    );
  });
});
