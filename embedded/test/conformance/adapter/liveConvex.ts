import { SyscallFailure } from "../../../src/functions/failure.js";
import {
  asyncSyscall,
  jsSyscall,
  syscall,
} from "../../../src/functions/syscalls/dispatch.js";

type Answer = string | SyscallFailure;

/**
 * The `Convex` global that `convex/server` calls, for modules that live in this process. The engine
 * knows a call's execution by its async context.
 */
const liveConvex = Object.freeze({
  syscall: (op: string, json: string) => orThrow(syscall(op, json)),
  asyncSyscall: async (op: string, json: string) =>
    orThrow(await asyncSyscall(op, json)),
  jsSyscall: async (op: string, args: Record<string, unknown>) => {
    const answer = await jsSyscall(op, args);
    return answer instanceof SyscallFailure ? orThrow(answer) : answer;
  },
});

/** Makes Convex functions in this process call the engine. */
export function installConvexGlobal(): void {
  Object.assign(globalThis, { Convex: liveConvex });
}

function orThrow(answer: Answer): string {
  if (typeof answer === "string") return answer;
  const error = new Error(answer.message);
  // The field in which convex/server looks for the data of a ConvexError.
  if (answer.data !== undefined)
    Object.assign(error, { data: JSON.parse(answer.data) as unknown });
  throw error;
}
