import {
  anyApi,
  mutationGeneric,
  queryGeneric,
  type ApiFromModules,
  type GenericDataModel,
  type GenericMutationCtx,
  type GenericQueryCtx,
} from "convex/server";
import { v, type GenericValidator, type Value } from "convex/values";
import { perform, type Run } from "./interpret.js";

/** Functions by name that return their argument, with a validator for it and for the result. */
export const ECHOES: Readonly<Record<string, GenericValidator>> = {
  any: v.any(),
  number: v.number(),
  int64: v.int64(),
  text: v.string(),
  list: v.array(v.union(v.string(), v.number())),
  object: v.object({ a: v.number(), b: v.optional(v.bytes()) }),
  choice: v.union(v.literal("a"), v.null(), v.object({ a: v.boolean() })),
};

/**
 * The run in progress. Runs are in this process and one at a time, so that operations need no
 * encoding.
 */
let run: Run | undefined;

export function setRun(next: Run): void {
  run = next;
}

const opsArgs = { ops: v.number() };

const handler = (
  ctx: GenericQueryCtx<GenericDataModel> | GenericMutationCtx<GenericDataModel>,
  { ops }: { ops: number },
): Promise<void> => {
  if (run === undefined) throw new Error("No run was set.");
  return perform(run, ctx, run.called[ops] ?? []);
};

const fuzz = {
  query: queryGeneric({ args: opsArgs, handler }),
  mutation: mutationGeneric({ args: opsArgs, handler }),
  ...Object.fromEntries(
    Object.entries(ECHOES).map(([name, value]) => [
      name,
      queryGeneric({
        args: { value },
        returns: value,
        handler: (_ctx, args) => args.value as Value,
      }),
    ]),
  ),
  /** A function that declares a number as its result, and returns something else. */
  lie: queryGeneric({
    args: { value: v.any() },
    returns: v.number(),
    handler: (_ctx, args) => args.value as number,
  }),
};

export const modules = {
  "./_generated/api.ts": () => Promise.resolve({}),
  "./fuzz.ts": () => Promise.resolve(fuzz),
};

export const { fuzz: fuzzApi } = anyApi as unknown as ApiFromModules<{
  fuzz: typeof fuzz;
}>;
