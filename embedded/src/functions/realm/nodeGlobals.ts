import { Console } from "node:console";
import { createRequire } from "node:module";
import { Writable } from "node:stream";
import { inspect } from "node:util";
import { currentExecution } from "../execution/execution.js";
import { SyscallFailure } from "../failure.js";
import { asyncSyscall, jsSyscall, syscall } from "../syscalls/dispatch.js";
import type { NODE_GLOBALS } from "../transform.js";
import { CONSOLE_LEVELS, consoleTimers, log } from "./console.js";
import { nodeProcess } from "./nodeProcess.js";
import { nodeTimers } from "./nodeTimers.js";

/** What `"use node"` modules of one component see. */
export interface NodeScope {
  readonly globals: Readonly<Record<(typeof NODE_GLOBALS)[number], unknown>>;
  /** A built-in module, with those that stand for a global replaced by it. */
  builtin(specifier: string): unknown;
}

const requireBuiltin: (specifier: string) => unknown = createRequire(
  import.meta.url,
);

/**
 * @param env - all that the modules see of environment variables
 * @param importedAtMs - the time while they are imported
 */
export function createNodeScope(
  env: Readonly<Record<string, string>>,
  importedAtMs: number,
): NodeScope {
  const own = {
    Convex: convex,
    Date: dateOf(() => currentExecution()?.now() ?? importedAtMs),
    console: nodeConsole(),
    process: nodeProcess(env),
    ...nodeTimers,
  };
  const global = globalWith(own);
  const replaced = new Map<string, unknown>([
    ["console", own.console],
    ["process", own.process],
  ]);
  return {
    globals: { ...own, global, globalThis: global },
    builtin: (specifier) =>
      replaced.get(specifier.replace(/^node:/, "")) ??
      requireBuiltin(specifier),
  };
}

/** `globalThis` with globals of its own before the process's; what is assigned stays in it. */
function globalWith(own: Readonly<Record<string, unknown>>): object {
  const assigned: Record<PropertyKey, unknown> = Object.assign(
    Object.create(null) as object,
    own,
  );
  const proxy: object = new Proxy(assigned, {
    get: (target, name) => {
      if (Object.hasOwn(target, name)) return target[name];
      const value: unknown = Reflect.get(globalThis, name);
      return value === globalThis ? proxy : value;
    },
    has: (target, name) => Object.hasOwn(target, name) || name in globalThis,
    getOwnPropertyDescriptor: (target, name) => {
      const found =
        Reflect.getOwnPropertyDescriptor(target, name) ??
        Reflect.getOwnPropertyDescriptor(globalThis, name);
      // A proxy may only answer so of a property that its target lacks.
      return found && { ...found, configurable: true };
    },
  });
  return proxy;
}

const toError = (failure: SyscallFailure): Error => {
  const error = new Error(failure.message);
  return failure.data === undefined
    ? error
    : Object.assign(error, { data: JSON.parse(failure.data) as unknown });
};

function answered<T>(answer: T | SyscallFailure): T {
  if (answer instanceof SyscallFailure) throw toError(answer);
  return answer;
}

const convex = Object.freeze({
  syscall: (op: string, json: string) => answered(syscall(op, json)),
  asyncSyscall: async (op: string, json: string) =>
    answered(await asyncSyscall(op, json)),
  jsSyscall: async (op: string, args: unknown) =>
    answered(await jsSyscall(op, args)),
});

/**
 * `console`, whose lines are the running function's. What it would write to the process's own
 * streams in another way goes nowhere, as on Convex.
 */
function nodeConsole(): Console {
  const nowhere = new Writable({
    write: (_chunk, _encoding, done) => done(),
  });
  const text = (args: readonly unknown[]) =>
    args
      .map((value) => inspect(value, { maxStringLength: MAX_STRING_LENGTH }))
      .join(" ");
  const methods = CONSOLE_LEVELS.map(([method, level]) => [
    method,
    (...args: unknown[]) => log(level, text(args)),
  ]);
  return Object.assign(new Console({ stdout: nowhere, stderr: nowhere }), {
    ...(Object.fromEntries(methods) as object),
    assert: (condition: unknown, ...args: unknown[]) => {
      if (!condition) log("ERROR", text(["Assertion failed", ...args]));
    },
    time: (label = "default") => consoleTimers.time(String(label)),
    timeLog: (label = "default") => consoleTimers.timeLog(String(label)),
    timeEnd: (label = "default") => consoleTimers.timeEnd(String(label)),
  });
}

/** As long as a line may be. */
const MAX_STRING_LENGTH = 32_768;

function dateOf(nowMs: () => number): DateConstructor {
  const date: DateConstructor = new Proxy(Date, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(
        target,
        args.length === 0 ? [nowMs()] : args,
        newTarget === date ? target : newTarget,
      ) as object,
    apply: () => new Date(nowMs()).toString(),
    get: (target, name) =>
      name === "now" ? nowMs : (Reflect.get(target, name) as unknown),
  });
  return date;
}
