import { hasLoneSurrogate } from "../../database/values/surrogates.js";
import { currentExecution, type Execution } from "../execution/execution.js";
import { EmbeddedError } from "../../errors.js";
import { FunctionFailure, isFatal, SyscallFailure } from "../failure.js";
import { chargeUserTime, startUserTime } from "../execution/userTime.js";
import { actionSyscalls } from "./actions.js";
import { databaseSyscalls, databaseSyncSyscalls } from "./database.js";
import { metaSyncSyscalls, metaSyscalls } from "./meta.js";
import { schedulingSyscalls } from "./scheduling.js";
import { storageJsSyscalls, storageSyscalls } from "./storage.js";
import { isInScope, type Syscall, type SyscallArgs } from "./table.js";
import { udfSyscalls } from "./udf.js";
import { vectorSearchSyscalls } from "./vectorSearch.js";

type Answer = string | SyscallFailure;

const asyncTable = new Map(
  Object.entries({
    ...databaseSyscalls,
    ...udfSyscalls,
    ...schedulingSyscalls,
    ...actionSyscalls,
    ...metaSyscalls,
    ...storageSyscalls,
    ...vectorSearchSyscalls,
  }),
);
const jsTable = new Map(Object.entries(storageJsSyscalls));
const syncTable = new Map(
  Object.entries({ ...databaseSyncSyscalls, ...metaSyncSyscalls }),
);

/** Awaited for ever by code left running after its handler returned. */
const NEVER = new Promise<never>(() => {});

/** `Convex.syscall`, which answers at once. */
export function syscall(op: string, json: string): Answer {
  const execution = currentExecution();
  if (execution === undefined || execution.finished) {
    return outsideFunction(op);
  }
  const entry = syncTable.get(op);
  if (entry === undefined || !isInScope(entry.scope, execution)) {
    return new SyscallFailure(`Unknown operation ${op}`);
  }
  return answer(execution, entry, json);
}

/**
 * `Convex.asyncSyscall`. Syscalls of a query or mutation happen in the order they were made, one at
 * a time; an action's run side by side.
 */
export function asyncSyscall(
  op: string,
  json: string,
): Answer | Promise<Answer> {
  const execution = currentExecution();
  if (execution === undefined) {
    return outsideFunction(op);
  }
  if (execution.finished) {
    return NEVER;
  }
  const entry = asyncTable.get(op);
  if (entry === undefined || !isInScope(entry.scope, execution)) {
    return new SyscallFailure(`Unknown async operation ${op}`);
  }
  const start = () => {
    const answered = answer(execution, entry, json);
    return answered instanceof Promise
      ? answered.catch((error: unknown) => toFailure(execution, error))
      : answered;
  };
  if (execution.transaction === null) {
    const answered = start();
    return answered instanceof Promise
      ? execution.whilePending(shownName(op), answered)
      : answered;
  }
  return execution.syscalls.run(() => (execution.finished ? NEVER : start()));
}

/** `Convex.jsSyscall`, whose arguments and answer are values. An action's run side by side. */
export async function jsSyscall(op: string, args: unknown): Promise<unknown> {
  const execution = currentExecution();
  if (execution === undefined) {
    return outsideFunction(op);
  }
  if (execution.finished) {
    return NEVER;
  }
  const entry = jsTable.get(op);
  if (entry === undefined || !isInScope(entry.scope, execution)) {
    return new SyscallFailure(`Unknown operation ${op}`);
  }
  try {
    const answered = entry.run(
      execution,
      Object(args) as Record<string, unknown>,
    );
    return await execution.whilePending(SHOWN_JS_NAMES[op] ?? op, answered);
  } catch (error) {
    return toFailure(execution, error);
  }
}

const SHOWN_JS_NAMES: Readonly<Record<string, string>> = {
  "storage/storeBlob": "storage.store",
  "storage/getBlob": "storage.get",
};

/** A syscall's name in a warning that nobody waited for it. */
function shownName(op: string): string {
  return op.replace("1.0/", "").replace("actions/", "");
}

/** Runs a syscall. Only data goes back into a context, also of an error. */
function answer<T>(
  execution: Execution,
  entry: Syscall<T>,
  json: string,
): T | SyscallFailure {
  try {
    chargeUserTime(execution);
    return entry.run(execution, parseArgs(json));
  } catch (error) {
    return toFailure(execution, error);
  } finally {
    startUserTime();
  }
}

function toFailure(execution: Execution, error: unknown): SyscallFailure {
  if (isFatal(error)) {
    execution.fatal ??=
      error instanceof Error ? error : new Error(String(error));
  }
  if (!(error instanceof EmbeddedError)) {
    return new SyscallFailure(`Internal error: ${String(error)}`);
  }
  const { message, data } = error;
  return new SyscallFailure(
    message,
    data === undefined ? undefined : JSON.stringify(data),
  );
}

function outsideFunction(op: string): SyscallFailure {
  return new SyscallFailure(
    `${op} is only possible while a function runs, not while its module is being imported or after it returned.`,
  );
}

function parseArgs(json: unknown): SyscallArgs {
  if (hasLoneSurrogate(String(json))) {
    throw new FunctionFailure(
      "A string has a lone surrogate, half of a character, which cannot be stored: lone leading surrogate in hex escape",
    );
  }
  const args = parseJson(json);
  if (args === null || typeof args !== "object" || Array.isArray(args)) {
    throw new FunctionFailure(
      `The arguments of a syscall must be the JSON text of an object, got ${String(json)}`,
    );
  }
  return args as SyscallArgs;
}

function parseJson(json: unknown): unknown {
  try {
    return JSON.parse(String(json));
  } catch {
    return undefined;
  }
}
