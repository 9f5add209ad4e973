import type { JSONValue } from "convex/values";
import type { Execution } from "../execution/execution.js";
import { FunctionFailure } from "../failure.js";

/**
 * Parsed arguments of a syscall. User code can make syscalls directly, so the arguments are
 * checked.
 */
export type SyscallArgs = Readonly<Record<string, JSONValue | undefined>>;

/** Functions in which an operation exists; elsewhere it is unknown, as on the real deployment. */
export type SyscallScope =
  "any" | "transaction" | "mutation" | "action" | "notQuery";

/** One operation, which answers with JSON text. */
export interface Syscall<Answer> {
  readonly scope: SyscallScope;
  run(execution: Execution, args: SyscallArgs): Answer;
}

/**
 * Operations whose arguments and answers are values such as a `Blob`, and no JSON. They are checked
 * as the others are.
 */
export type JsSyscalls = Readonly<
  Record<
    string,
    {
      readonly scope: SyscallScope;
      run(
        execution: Execution,
        args: Readonly<Record<string, unknown>>,
      ): Promise<unknown>;
    }
  >
>;

export type SyncSyscalls = Readonly<Record<string, Syscall<string>>>;
export type AsyncSyscalls = Readonly<
  Record<string, Syscall<string | Promise<string>>>
>;

/** Whether `execution` may perform operations of this scope. */
export function isInScope(scope: SyscallScope, execution: Execution): boolean {
  switch (scope) {
    case "any":
      return true;
    case "transaction":
      return execution.transaction !== null;
    case "mutation":
      return execution.fn.udfType === "Mutation";
    case "action":
      return execution.transaction === null;
    case "notQuery":
      return execution.fn.udfType !== "Query";
    default: {
      const unknown: never = scope;
      throw new Error(`Unknown scope ${String(unknown)}`);
    }
  }
}

export function stringArg(args: SyscallArgs, name: string): string {
  const value = args[name];
  if (typeof value !== "string") throw badArg(name, "a string", value);
  return value;
}

export function numberArg(args: SyscallArgs, name: string): number {
  const value = args[name];
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw badArg(name, "a number", value);
  }
  return value;
}

export function objectArg(
  args: SyscallArgs,
  name: string,
): Record<string, JSONValue> {
  const value = args[name];
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw badArg(name, "an object", value);
  }
  return value;
}

/** A string argument; undefined when it was left out or is null. */
export function optionalString(
  args: SyscallArgs,
  name: string,
): string | undefined {
  return isAbsent(args[name]) ? undefined : stringArg(args, name);
}

/** Whether an argument was left out: some clients leave it out, others write null. */
export function isAbsent(value: JSONValue | undefined): boolean {
  return value === undefined || value === null;
}

function badArg(
  name: string,
  expected: string,
  value: JSONValue | undefined,
): FunctionFailure {
  return new FunctionFailure(
    `Invalid argument \`${name}\`: expected ${expected}, got ${JSON.stringify(value)}`,
  );
}
