import { actionGeneric, mutationGeneric, queryGeneric } from "convex/server";
import { currentExecution } from "../../functions/execution/execution.js";
import type {
  FunctionEntry,
  InvocableFunction,
} from "../../functions/functionEntry.js";
import type { UdfType } from "../../functions/types.js";
import { engineGlobal, type ConvexGlobal } from "./convexGlobal.js";

/** A function that a test writes on the spot, with the context that a deployed one would have. */
export type InlineHandler = (ctx: never) => Promise<unknown>;

/** Makes a handler a function of the deployment, though its code runs in the test's own realm. */
export function inlineFunction(
  udfType: UdfType,
  handler: InlineHandler,
): InvocableFunction {
  routeSyscalls();
  return register(udfType, (ctx) => handler(ctx as never)) as InvocableFunction;
}

/** The entry of a function that no module has. */
export function inlineEntry(
  udfType: UdfType,
  componentPath: string,
): FunctionEntry {
  return {
    componentPath,
    modulePath: "test.js",
    name: "inline",
    path: "test.js:inline",
    udfType,
    isPublic: false,
    args: null,
    returns: null,
  };
}

/** Makes a handler what `convex/server` makes of one. */
export function register(
  udfType: UdfType,
  handler: (ctx: object, args?: unknown) => unknown,
): unknown {
  switch (udfType) {
    case "Query":
      return queryGeneric({ handler });
    case "Mutation":
      return mutationGeneric({ handler });
    case "Action":
      return actionGeneric({ handler });
    default:
      return udfType satisfies never;
  }
}

let ours: ConvexGlobal | undefined;

/** Sends the syscalls of functions of a deployment to it, and all others where they went before. */
function routeSyscalls(): void {
  const realm = globalThis as { Convex?: ConvexGlobal };
  if (realm.Convex !== undefined && realm.Convex === ours) return;
  const others = realm.Convex;
  const pick = (mine: ConvexGlobal) =>
    currentExecution() === undefined && others !== undefined ? others : mine;
  realm.Convex = ours = {
    syscall: (op, json) => pick(engineGlobal).syscall(op, json),
    asyncSyscall: (op, json) => pick(engineGlobal).asyncSyscall(op, json),
    jsSyscall: (op, args) => pick(engineGlobal).jsSyscall(op, args),
  };
}
