import type { GenericValidator, Value } from "convex/values";

/** A document of the program, by the number of the operation that inserts it; ids differ by engine. */
export class Ref {
  constructor(readonly document: number) {}
}

/** The creation time of a document, which differs by engine too. */
export class TimeOf {
  constructor(readonly document: number) {}
}

/** `undefined` removes a field in a patch; in a range or filter it is a missing field. */
export type Operand = Value | Ref | TimeOf | undefined;

export type Fields = Readonly<Record<string, Operand>>;

export interface TableSpec {
  readonly name: string;
  readonly fields: Readonly<Record<string, GenericValidator>>;
  /** Fields by index. */
  readonly indexes: Readonly<Record<string, readonly string[]>>;
}

export interface SchemaSpec {
  readonly tables: readonly TableSpec[];
  /** Whether documents are checked against the fields' validators. */
  readonly validated: boolean;
}

export type RangeStep = readonly [
  op: "eq" | "gt" | "gte" | "lt" | "lte",
  field: string,
  value: Operand,
];

/** A comparison of a field with a value, perhaps after some arithmetic. */
export interface SizeFilter {
  readonly op: "lt" | "lte" | "gt" | "gte";
  readonly field: string;
  readonly value: Value;
  readonly first?: {
    readonly op: "add" | "sub" | "mul" | "div" | "mod";
    readonly by: Value;
  };
}

export type Filter =
  | SizeFilter
  | {
      readonly op: "eq" | "neq";
      readonly field: string;
      readonly value: Operand;
    }
  | { readonly op: "and" | "or"; readonly parts: readonly Filter[] }
  | { readonly op: "not"; readonly part: Filter };

export interface Query {
  readonly table: string;
  /** Index to read; without one the whole table is read. */
  readonly index?: string;
  readonly range: readonly RangeStep[];
  readonly order?: "asc" | "desc";
  readonly filters: readonly Filter[];
}

export type Ending =
  | { readonly kind: "collect" | "first" | "unique" }
  | { readonly kind: "take"; readonly count: number }
  /** Reads rows one by one, and stops after `count`. */
  | { readonly kind: "iterate"; readonly count: number };

export type Op =
  | {
      readonly kind: "insert";
      readonly document: number;
      readonly table: string;
      readonly fields: Fields;
    }
  | {
      readonly kind: "patch" | "replace" | "rewrite";
      readonly document: number;
      readonly table?: string;
      readonly fields: Fields;
    }
  | {
      readonly kind: "delete" | "get";
      readonly document: number;
      readonly table?: string;
    }
  | {
      readonly kind: "normalizeId";
      readonly document: number;
      readonly table: string;
    }
  | { readonly kind: "query"; readonly query: Query; readonly ending: Ending }
  | { readonly kind: "count"; readonly table: string }
  | {
      readonly kind: "page";
      readonly query: Query;
      readonly numItems: number;
      /** Start and end of the page: pages that other operations read. */
      readonly after?: number;
      readonly until?: number;
      readonly page: number;
      readonly maximumRowsRead?: number;
    }
  | { readonly kind: "echo"; readonly name: string; readonly value: Value }
  | { readonly kind: "parallel"; readonly ops: readonly Op[] }
  | {
      readonly kind: "nested";
      readonly type: "query" | "mutation";
      readonly ops: readonly Op[];
    }
  | { readonly kind: "throw"; readonly data?: Value };

/** A transaction of its own. */
export interface Step {
  readonly type: "query" | "mutation";
  readonly ops: readonly Op[];
}

export interface Program {
  readonly seed: number;
  readonly schema: SchemaSpec;
  readonly steps: readonly Step[];
}

/** Number of operations, those within others included. */
export function countOps(ops: readonly Op[]): number {
  return ops.reduce(
    (sum, op) => sum + 1 + ("ops" in op ? countOps(op.ops) : 0),
    0,
  );
}
