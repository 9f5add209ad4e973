import { actionGeneric, mutationGeneric, queryGeneric } from "convex/server";
import { currentExecution } from "../../functions/execution/execution.js";
import { SyscallFailure } from "../../functions/failure.js";
import type {
  FunctionEntry,
  InvocableFunction,
} from "../../functions/functionEntry.js";
import {
  asyncSyscall,
  jsSyscall,
  syscall,
} from "../../functions/syscalls/dispatch.js";
import type { UdfType } from "../../functions/types.js";

/** A function that a test writes on the spot, with the context that a deployed one would have. */
export type InlineHandler = (ctx: never) => Promise<unknown>;

/** Makes a handler a function of the deployment, though its code runs in the test's own realm. */
export function inlineFunction(
  udfType: UdfType,
  handler: InlineHandler,
): InvocableFunction {
  routeSyscalls();
  const made = register(udfType, (ctx) => handler(ctx as never));
  return made as unknown as InvocableFunction;
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

function register(udfType: UdfType, handler: (ctx: object) => unknown) {
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

/** What `convex/server` calls; `convex-test` puts its own there. */
interface ConvexGlobal {
  syscall(op: string, json: string): string;
  asyncSyscall(op: string, json: string): Promise<string>;
  jsSyscall(op: string, args: Record<string, unknown>): Promise<unknown>;
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
    syscall: (op, json) => pick(engine).syscall(op, json),
    asyncSyscall: (op, json) => pick(engine).asyncSyscall(op, json),
    jsSyscall: (op, args) => pick(engine).jsSyscall(op, args),
  };
}

/** The deployment whose function calls, which is known by the call's async context. */
const engine: ConvexGlobal = {
  syscall: (op, json) => orThrow(syscall(op, json)),
  asyncSyscall: async (op, json) => orThrow(await asyncSyscall(op, json)),
  jsSyscall: async (op, args) => {
    const answer = await jsSyscall(op, args);
    return answer instanceof SyscallFailure ? orThrow(answer) : answer;
  },
};

function orThrow(answer: string | SyscallFailure): string {
  if (typeof answer === "string") return answer;
  const error = new Error(answer.message);
  // The field in which convex/server looks for the data of a ConvexError.
  if (answer.data !== undefined) {
    Object.assign(error, { data: JSON.parse(answer.data) as unknown });
  }
  throw error;
}
