import { Random } from "../../../support/random.js";
import { randomString, randomValue } from "../../../database/values.js";
import type { Value } from "convex/values";
import { ECHOES } from "../functions.js";
import type {
  Ending,
  Fields,
  Op,
  Operand,
  Program,
  Query,
  SchemaSpec,
  Step,
  TableSpec,
} from "./program.js";
import { Ref } from "./program.js";
import { randomQuery } from "./generateQuery.js";
import { FREE_FIELDS, randomSchema, valueFor } from "./schemaOf.js";

const STEPS = 30;
/**
 * Number of documents that are inserted before any query, so that ranges have something in them.
 */
const FIRST_DOCUMENTS = 16;
const MAX_NESTING = 3;

/** The program of a seed, always the same. */
export function generate(seed: number): Program {
  const random = new Random(seed);
  const schema = randomSchema(random);
  return { seed, schema, steps: new Generator(random, schema).steps() };
}

/** A document as it is if every write to it has succeeded. */
interface WrittenDocument {
  readonly number: number;
  readonly table: string;
  fields: Fields;
}

/** Generates operations, knowing which documents and pages the earlier ones may have made. */
class Generator {
  readonly #documents: WrittenDocument[] = [];
  /** Written values by table and field, so that ranges and filters match some. */
  readonly #written = new Map<string, Operand[]>();
  readonly #pagers: { query: Query; pages: number[] }[] = [];
  #pages = 0;
  /** Number of the last page of an earlier step; only those have told whether the engines agree. */
  #lastToldPage = 0;
  #mayPage = true;

  constructor(
    readonly random: Random,
    readonly schema: SchemaSpec,
  ) {}

  steps(): Step[] {
    const inserts = Array.from({ length: FIRST_DOCUMENTS }, () =>
      this.#insert(),
    );
    const first: Step = { type: "mutation", ops: inserts };
    const rest = Array.from({ length: STEPS }, (): Step => {
      const type = this.random.chance(0.7) ? "mutation" : "query";
      // One paginate() a step: convex-test refuses a second one in queries alone, over all that they call.
      this.#mayPage = true;
      this.#lastToldPage = this.#pages;
      return { type, ops: this.#ops(type, 0) };
    });
    return [first, ...rest];
  }

  table(): TableSpec {
    return this.random.pick(this.schema.tables);
  }

  document(): number {
    return this.random.pick(this.#documents).number;
  }

  get hasDocuments(): boolean {
    return this.#documents.length > 0;
  }

  documentOf(table: string): WrittenDocument | undefined {
    const own = this.#documents.filter((one) => one.table === table);
    return own.length === 0 ? undefined : this.random.pick(own);
  }

  /** A value that the field holds or held in some document of the table, else any value. */
  known(table: string, path: string): Operand {
    const values = this.#written.get(`${table}.${path}`) ?? [];
    return values.length === 0 || this.random.chance(0.1)
      ? this.random.chance(0.2)
        ? undefined
        : randomValue(this.random)
      : this.random.pick(values);
  }

  #ops(type: Step["type"], depth: number): Op[] {
    const ops = Array.from(
      { length: 1 + this.random.below(depth === 0 ? 6 : 4) },
      () => this.#op(type, depth),
    );
    if (this.random.chance(depth === 0 ? 0.05 : 0.3)) {
      ops.push({ kind: "throw", ...this.#data(depth) });
    }
    return ops;
  }

  #data(depth: number): { data?: Value } {
    if (this.random.chance(0.5)) return {};
    // The mock decodes errors of a nested call twice.
    return {
      data:
        depth === 0
          ? randomValue(this.random)
          : this.random.pick([null, true, "why", 7, ["a", 1], { kind: "no" }]),
    };
  }

  #op(type: Step["type"], depth: number): Op {
    if (!this.hasDocuments && type === "mutation") return this.#insert();
    const nests = depth < MAX_NESTING ? 1 : 0;
    const writes = type === "mutation" ? 1 : 0;
    const onDocuments = this.hasDocuments ? 1 : 0;
    const kind = this.random.weighted({
      insert: 6 * writes,
      update: 5 * writes * onDocuments,
      delete: 2 * writes * onDocuments,
      get: 2 * onDocuments,
      normalizeId: 0.5 * onDocuments,
      query: 8,
      count: 0.5,
      page: this.#mayPage ? 5 : 0,
      echo: 0.7 * nests,
      parallel: 0.7 * nests,
      nested: 2 * nests,
    });
    switch (kind) {
      case "insert":
        return this.#insert();
      case "update":
        return this.#update();
      case "delete":
      case "get":
        return { kind, document: this.document(), ...this.#named() };
      case "normalizeId":
        return { kind, document: this.document(), table: this.table().name };
      case "query":
        return { kind, query: randomQuery(this), ending: this.#ending() };
      case "count":
        return { kind, table: this.table().name };
      case "page":
        return this.#page();
      case "echo": {
        if (this.random.chance(0.1)) {
          return { kind, name: "lie", value: randomValue(this.random) };
        }
        const [name, validator] = this.random.pick(Object.entries(ECHOES));
        return { kind, name, value: valueFor(this.random, validator) };
      }
      case "parallel":
        return {
          kind,
          ops: Array.from({ length: 2 + this.random.below(3) }, () =>
            this.#op(type, MAX_NESTING),
          ),
        };
      case "nested": {
        const nested =
          type === "mutation" && this.random.chance(0.7) ? "mutation" : "query";
        return { kind, type: nested, ops: this.#ops(nested, depth + 1) };
      }
      default:
        return kind satisfies never;
    }
  }

  #insert(): Op {
    const table = this.table();
    const number = this.#documents.length;
    const fields = this.#fields(table);
    this.#documents.push({ number, table: table.name, fields });
    return { kind: "insert", document: number, table: table.name, fields };
  }

  #update(): Op {
    const kind = this.random.pick(["patch", "replace", "rewrite"] as const);
    const target = this.random.pick(this.#documents);
    const table =
      this.schema.tables.find(({ name }) => name === target.table) ??
      this.table();
    const fields = this.#fields(table);
    target.fields =
      kind === "replace" ? fields : { ...target.fields, ...fields };
    const { number: document, table: name } = target;
    return { kind, document, ...this.#named(name), fields };
  }

  /** The table of an operation; seldom the wrong one. */
  #named(table?: string): { table?: string } {
    if (this.random.chance(0.1)) return { table: this.table().name };
    return table !== undefined && this.random.chance(0.3) ? { table } : {};
  }

  #fields(table: TableSpec): Fields {
    const fields: Record<string, Operand> = {
      n: this.random.pick([1, 2, 2.5, -3, 1e9, this.random.next()]),
      i: this.random.pick([1n, 2n, 3n, -4n, BigInt(this.random.below(100))]),
      s: this.random.pick(["a", "b", "aa", "ab", "zz"]),
    };
    for (const field of FREE_FIELDS) {
      const validator = table.fields[field];
      if (validator !== undefined && this.random.chance(0.7)) {
        fields[field] =
          this.#written.has(`${table.name}.${field}`) && this.random.chance(0.4)
            ? this.known(table.name, field)
            : valueFor(this.random, validator);
      } else if (this.random.chance(0.3)) {
        fields[field] = undefined;
      }
    }
    if (this.hasDocuments && this.random.chance(0.2))
      fields["ref"] = new Ref(this.document());
    if (this.random.chance(0.01))
      fields["unexpected"] = randomString(this.random);
    this.#remember(table.name, fields);
    return fields;
  }

  #remember(table: string, fields: Fields): void {
    for (const [name, value] of Object.entries(fields)) {
      this.#note(`${table}.${name}`, value);
      if (
        value !== null &&
        typeof value === "object" &&
        !(value instanceof Ref)
      ) {
        for (const [inner, part] of Object.entries(
          value as Record<string, Value>,
        ))
          this.#note(`${table}.${name}.${inner}`, part);
      }
    }
  }

  #note(path: string, value: Operand): void {
    const values = this.#written.get(path) ?? [];
    values.push(value);
    this.#written.set(path, values);
  }

  #ending(): Ending {
    const kind = this.random.weighted({
      collect: 5,
      first: 2,
      unique: 1,
      take: 2,
      iterate: 1,
    });
    return kind === "take" || kind === "iterate"
      ? { kind, count: this.random.below(6) }
      : { kind };
  }

  #page(): Op {
    this.#mayPage = false;
    const page = (this.#pages += 1);
    const goesOn = this.#pagers.length > 0 && this.random.chance(0.7);
    const pager = goesOn
      ? this.random.pick(this.#pagers)
      : { query: randomQuery(this), pages: [] };
    if (!goesOn) this.#pagers.push(pager);
    const { query } = pager;
    const pages = pager.pages.filter((one) => one <= this.#lastToldPage);
    const after =
      pages.length > 0 && this.random.chance(0.8)
        ? pages.at(-1 - this.random.below(Math.min(2, pages.length)))
        : undefined;
    const later = pages.filter((one) => after === undefined || one > after);
    const until =
      later.length > 0 && this.random.chance(0.3)
        ? this.random.pick(later)
        : undefined;
    pager.pages.push(page);
    return {
      kind: "page",
      query,
      page,
      numItems: 1 + this.random.below(4),
      ...(after === undefined ? {} : { after }),
      ...(until === undefined ? {} : { until }),
      ...(until === undefined && this.random.chance(0.15)
        ? { maximumRowsRead: 1 + this.random.below(6) }
        : {}),
    };
  }
}
