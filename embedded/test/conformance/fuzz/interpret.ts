import {
  makeFunctionReference,
  type GenericDataModel,
  type GenericMutationCtx,
  type GenericQueryCtx,
} from "convex/server";
import { ConvexError, type GenericId, type Value } from "convex/values";
import {
  Ref,
  TimeOf,
  type Ending,
  type Fields,
  type Op,
  type Operand,
} from "./programs/program.js";
import { toQuery } from "./queries.js";

type QueryCtx = GenericQueryCtx<GenericDataModel>;
type MutationCtx = GenericMutationCtx<GenericDataModel>;
type Id = GenericId<string>;

/** The outcome of an operation. */
export interface Outcome {
  readonly op: Op;
  readonly value?: unknown;
  readonly threw?: unknown;
  /** Whether a page was the last. */
  readonly isDone?: boolean;
  readonly rows?: number;
}

/** The ids of one engine for the documents and pages of a program. */
export class Memory {
  readonly ids = new Map<number, Id>();
  readonly documents = new Map<string, number>();
  readonly times = new Map<number, number>();
  readonly cursors = new Map<number, string>();
}

/** One step on one engine. */
export interface Run {
  readonly memory: Memory;
  readonly outcomes: Outcome[];
  /** Operations by the number that a nested call passes. */
  readonly called: (readonly Op[])[];
}

/** Thrown by an operation whose document or page was never made, on either engine. */
class Unresolved extends Error {}

/**
 * Performs operations in a function, noting the outcome of each; only `throw` fails the function.
 */
export async function perform(
  run: Run,
  ctx: QueryCtx | MutationCtx,
  ops: readonly Op[],
): Promise<void> {
  for (const op of ops) {
    if (op.kind === "throw") {
      throw op.data === undefined
        ? new Error("thrown on purpose")
        : new ConvexError(op.data);
    }
    const at = run.outcomes.push({ op }) - 1;
    run.outcomes[at] = await outcomeOf(run, ctx, op);
  }
}

async function outcomeOf(
  run: Run,
  ctx: QueryCtx | MutationCtx,
  op: Op,
): Promise<Outcome> {
  try {
    return { op, ...(await result(run, ctx as MutationCtx, op)) };
  } catch (error) {
    if (error instanceof Unresolved) return { op, value: "unresolved" };
    return { op, threw: error };
  }
}

/** The result of an operation. Generated programs write in mutations only. */
async function result(
  run: Run,
  ctx: MutationCtx,
  op: Op,
): Promise<Omit<Outcome, "op" | "threw">> {
  const { memory } = run;
  const { db } = ctx;
  switch (op.kind) {
    case "insert": {
      const id = await db.insert(
        op.table,
        fieldsOf(memory, op.fields) as Record<string, Value>,
      );
      memory.ids.set(op.document, id);
      memory.documents.set(id, op.document);
      const row = await db.get(id);
      memory.times.set(op.document, row?._creationTime as number);
      return shown(row);
    }
    case "patch":
    case "replace":
    case "rewrite": {
      const id = idOf(memory, op.document);
      const fields = fieldsOf(memory, op.fields);
      const old = op.kind === "rewrite" ? await db.get(id) : {};
      const value = { ...old, ...fields } as Record<string, Value>;
      const { table } = op;
      if (op.kind === "patch") {
        await (table === undefined
          ? db.patch(id, value)
          : db.patch(table, id, value));
      } else {
        await (table === undefined
          ? db.replace(id, value)
          : db.replace(table, id, value));
      }
      return shown(await db.get(id));
    }
    case "delete": {
      const id = idOf(memory, op.document);
      await (op.table === undefined ? db.delete(id) : db.delete(op.table, id));
      return shown(await db.get(id));
    }
    case "get": {
      const id = idOf(memory, op.document);
      return shown(
        await (op.table === undefined ? db.get(id) : db.get(op.table, id)),
      );
    }
    case "normalizeId":
      return shown(db.normalizeId(op.table, idOf(memory, op.document)));
    case "query":
      return shown(await ended(ctx, run, op.query, op.ending));
    case "count":
      // The call is not in the types, but `convex` itself makes it.
      return shown(
        await (
          db.query(op.table) as unknown as { count(): Promise<number> }
        ).count(),
      );
    case "page":
      return await page(ctx, memory, op);
    case "echo":
      return shown(
        await ctx.runQuery(makeFunctionReference<"query">(`fuzz:${op.name}`), {
          value: op.value,
        }),
      );
    case "parallel":
      return { value: await parallel(run, ctx, op.ops) };
    case "nested": {
      const args = { ops: run.called.push(op.ops) - 1 };
      const target = `fuzz:${op.type}`;
      return shown(
        op.type === "query"
          ? await ctx.runQuery(makeFunctionReference<"query">(target), args)
          : await ctx.runMutation(
              makeFunctionReference<"mutation">(target),
              args,
            ),
      );
    }
    case "throw":
      throw new Error("throw ends a function and is not performed.");
    default:
      return op satisfies never;
  }
}

async function ended(
  ctx: QueryCtx,
  run: Run,
  spec: Extract<Op, { kind: "query" }>["query"],
  ending: Ending,
): Promise<unknown> {
  const query = toQuery(ctx.db, spec, (operand) =>
    resolve(run.memory, operand),
  );
  switch (ending.kind) {
    case "collect":
      return await query.collect();
    case "first":
      return await query.first();
    case "unique":
      return await query.unique();
    case "take":
      return await query.take(ending.count);
    case "iterate": {
      const rows = [];
      for await (const row of query) {
        if (rows.length >= ending.count) break;
        rows.push(row);
      }
      return rows;
    }
    default:
      return ending satisfies never;
  }
}

async function page(
  ctx: QueryCtx,
  memory: Memory,
  op: Extract<Op, { kind: "page" }>,
): Promise<Omit<Outcome, "op">> {
  const query = toQuery(ctx.db, op.query, (operand) =>
    resolve(memory, operand),
  );
  const {
    page: rows,
    isDone,
    continueCursor,
  } = await query.paginate({
    numItems: op.numItems,
    cursor: op.after === undefined ? null : cursorOf(memory, op.after),
    ...(op.until === undefined
      ? {}
      : { endCursor: cursorOf(memory, op.until) }),
    ...(op.maximumRowsRead === undefined
      ? {}
      : { maximumRowsRead: op.maximumRowsRead }),
  });
  memory.cursors.set(op.page, continueCursor);
  return { value: rows, isDone, rows: rows.length };
}

/**
 * Performs operations side by side. Their outcomes come in the order in which they were asked for.
 */
async function parallel(
  run: Run,
  ctx: QueryCtx | MutationCtx,
  ops: readonly Op[],
): Promise<string> {
  const outcomes = await Promise.all(ops.map((op) => outcomeOf(run, ctx, op)));
  run.outcomes.push(...outcomes);
  return `${outcomes.length} in parallel`;
}

function shown(value: unknown): Pick<Outcome, "value"> {
  return { value };
}

function fieldsOf(
  memory: Memory,
  fields: Fields,
): Record<string, Value | undefined> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      resolve(memory, value),
    ]),
  );
}

function resolve(memory: Memory, operand: Operand): Value | undefined {
  if (operand instanceof Ref) return idOf(memory, operand.document);
  if (operand instanceof TimeOf) {
    const time = memory.times.get(operand.document);
    if (time === undefined) throw new Unresolved();
    return time;
  }
  return operand;
}

function idOf(memory: Memory, document: number): Id {
  const id = memory.ids.get(document);
  if (id === undefined) throw new Unresolved();
  return id;
}

function cursorOf(memory: Memory, pageNumber: number): string {
  const cursor = memory.cursors.get(pageNumber);
  if (cursor === undefined) throw new Unresolved();
  return cursor;
}
