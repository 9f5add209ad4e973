/**
 * A runtime in which the app's hook takes time: a call that takes too long ends the whole transaction, even where
 * its error is caught, as a deployment's time limit does. convex-test has no such limit, and the engine's is off
 * under a fake clock; so the time is counted where all system calls pass.
 */
interface Syscalls {
  syscall: (op: string, args: string) => string;
  asyncSyscall: (op: string, args: string) => Promise<string>;
  jsSyscall: (op: string, args: Record<string, unknown>) => Promise<unknown>;
}

/** The pages of runs, and the work of each. */
const CALLERS = [
  "runs/chain:work",
  "runs/chain:page",
  "runs/archive:work",
  "runs/archive:purge",
];

/** @param mostSessions the number of sessions that a hook gets done in time, in one call */
export async function withSlowHook(
  mostSessions: () => number,
  work: () => Promise<void>,
): Promise<void> {
  const original = globalThis.Convex;
  globalThis.Convex = new Deadline(original, mostSessions);
  try {
    await work();
  } finally {
    globalThis.Convex = original;
  }
}

class Deadline implements Syscalls {
  readonly #original: Syscalls;
  readonly #most: () => number;
  /** The functions whose time is up, by request; an action may still call another. */
  readonly #ended = new Set<string>();

  constructor(original: Syscalls, most: () => number) {
    this.#original = original;
    this.#most = most;
  }

  get jsSyscall() {
    return this.#original.jsSyscall;
  }

  get syscall() {
    return this.#original.syscall;
  }

  asyncSyscall = async (op: string, args: string): Promise<string> => {
    const within = await this.#within();
    if (op === "1.0/runUdf" && sessionsOf(args) > this.#most()) {
      // The function that called the hook, and the functions that called that one.
      for (const name of CALLERS) {
        this.#ended.add(`${within.requestId} ${name}`);
      }
    }
    if (this.#ended.has(`${within.requestId} ${within.name}`)) {
      throw new Error("Function execution timed out (maximum duration: 1s)");
    }
    return await this.#original.asyncSyscall(op, args);
  };

  async #within(): Promise<{ requestId: string; name: string }> {
    const { asyncSyscall } = this.#original;
    const ask = async <Answer>(about: string) =>
      JSON.parse(await asyncSyscall(about, "{}")) as Answer;
    try {
      const { requestId } = await ask<{ requestId: string }>(
        "1.0/getRequestMetadata",
      );
      const { name } = await ask<{ name: string }>("1.0/getFunctionMetadata");
      return { requestId, name };
    } catch {
      // The caller is a query or the test itself, which call no hook.
      return { requestId: "", name: "" };
    }
  }
}

/** The number of sessions in a hook's call; 0 for any other call. */
function sessionsOf(args: string): number {
  const { args: given } = JSON.parse(args) as {
    args?: { sessions?: unknown[] };
  };
  return given?.sessions?.length ?? 0;
}
