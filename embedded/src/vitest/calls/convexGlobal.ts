import { SyscallFailure } from "../../functions/failure.js";
import {
  asyncSyscall,
  jsSyscall,
  syscall,
} from "../../functions/syscalls/dispatch.js";

/** What `convex/server` calls, as the global `Convex`; `convex-test` puts its own there. */
export interface ConvexGlobal {
  syscall(op: string, json: string): string;
  asyncSyscall(op: string, json: string): Promise<string>;
  jsSyscall(op: string, args: Record<string, unknown>): Promise<unknown>;
}

/** Leads to the deployment whose function calls, which is known by the call's async context. */
export const engineGlobal: ConvexGlobal = {
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
