import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import { webcrypto } from "node:crypto";
import {
  currentExecution,
  runAs,
  type Execution,
} from "../execution/execution.js";
import { SyscallFailure } from "../failure.js";
import { asyncSyscall, jsSyscall, syscall } from "../syscalls/dispatch.js";
import { INTRINSICS } from "../transform.js";
import { CONSOLE_LEVELS, consoleTimers, log } from "./console.js";
import { performanceGlobals } from "./performance.js";
import type { Restrictions } from "./restrictions.js";

/**
 * The host side of a context's bootstrap. Binary data classes are this process's own, so that
 * results of `TextEncoder` or `fetch` are `instanceof` the classes that pushed code sees.
 */
export function createHost(
  env: Readonly<Record<string, string>>,
  importedAtMs: number,
  restrictions: Restrictions = {},
) {
  const { time, randomness } = restrictions;
  return {
    env,
    isRestricted: Object.keys(restrictions).length > 0,
    readEnv: (name: string) => {
      const refusal = restrictions.environment?.(name);
      if (refusal !== undefined) return new SyscallFailure(refusal);
      return Object.hasOwn(env, name) ? env[name] : undefined;
    },
    importTime: () =>
      time === undefined ? importedAtMs : new SyscallFailure(time),
    importRandomness: () =>
      randomness === undefined ? undefined : new SyscallFailure(randomness),
    syscall,
    asyncSyscall,
    jsSyscall,
    isFailure: (value: unknown) => value instanceof SyscallFailure,
    now: () => currentExecution()?.now() ?? importedAtMs,
    random: () => currentExecution()?.random?.nextDouble() ?? Math.random(),
    consoleLevels: CONSOLE_LEVELS,
    log,
    ...consoleTimers,
    globals: [
      ...WEB_GLOBALS,
      ...Object.entries(performanceGlobals(importedAtMs)),
    ],
    guardedGlobals: Object.entries({ ...timers, fetch: actionFetch }),
    subtle: webcrypto.subtle,
    subtlePrototype: SubtleCrypto.prototype,
    subtleMethods: SUBTLE_METHODS,
    refuseRandomness,
    getRandomValues,
    randomUUID: (): string =>
      currentExecution()?.random?.uuid() ?? webcrypto.randomUUID(),
    intrinsics: INTRINSICS,
  };
}

const SUBTLE_METHODS = [
  ...["decrypt", "deriveBits", "deriveKey", "digest", "encrypt", "exportKey"],
  ...["generateKey", "importKey", "sign", "unwrapKey", "verify", "wrapKey"],
];

/** Operations of `crypto.subtle`, by algorithm, that take randomness of a quality only actions have. */
const RANDOM_OPERATIONS = new Set([
  "encrypt RSA-OAEP",
  "sign ECDSA",
  "sign RSA-PSS",
]);

/** A failure where an operation of `crypto.subtle` takes randomness and may not. */
function refuseRandomness(
  method: string,
  algorithm: string | { name?: unknown } | undefined,
): SyscallFailure | undefined {
  const name = typeof algorithm === "string" ? algorithm : algorithm?.name;
  const isRandom =
    method === "generateKey" ||
    RANDOM_OPERATIONS.has(`${method} ${String(name).toUpperCase()}`);
  if (!isRandom) return undefined;
  const execution = currentExecution();
  if (execution === undefined) {
    return new SyscallFailure(
      "Cannot use cryptographic randomness at import time",
    );
  }
  const allowed = actionOnly("cryptographic randomness");
  return allowed instanceof SyscallFailure ? allowed : undefined;
}

const WEB_GLOBALS: readonly (readonly [string, unknown])[] = Object.entries({
  ArrayBuffer,
  DataView,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  AbortController,
  AbortSignal,
  AsyncLocalStorage,
  AsyncResource,
  Blob,
  CryptoKey,
  SubtleCrypto,
  DOMException,
  Event,
  EventTarget,
  File,
  FormData,
  Headers,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamDefaultReader,
  Request,
  Response,
  TextDecoder,
  TextDecoderStream,
  TextEncoder,
  TextEncoderStream,
  TransformStream,
  URL,
  URLSearchParams,
  WritableStream,
  WritableStreamDefaultWriter,
  atob,
  btoa,
  structuredClone,
});

function actionOnly(name: string): Execution | SyscallFailure {
  const execution = currentExecution();
  if (execution === undefined) {
    return new SyscallFailure(
      `Can't use ${name} while a module is being imported. Call it inside an action.`,
    );
  }
  return execution.transaction === null
    ? execution
    : new SyscallFailure(
        `Can't use ${name} in queries and mutations. Please consider using an action. See https://docs.convex.dev/functions/actions for more details.`,
      );
}

type TimerCallback = (...args: unknown[]) => unknown;

/** Action timers run on the deployment's clock and end with the action. */
const timers = {
  setTimeout: timerStarter("setTimeout", { minDelayMs: 0, repeats: false }),
  setInterval: timerStarter("setInterval", { minDelayMs: 1, repeats: true }),
  clearTimeout: (timer: unknown) => stopTimer(timer),
  clearInterval: (timer: unknown) => stopTimer(timer),
};

function timerStarter(
  name: string,
  { minDelayMs, repeats }: { minDelayMs: number; repeats: boolean },
) {
  return (callback: TimerCallback, delayMs?: number, ...args: unknown[]) => {
    const execution = actionOnly(name);
    if (execution instanceof SyscallFailure) {
      return execution;
    }
    const delay = Math.max(minDelayMs, delayMs ?? 0);
    return startTimer(execution, callback, delay, args, repeats);
  };
}

class ActionTimer {
  handle: unknown;
}

function startTimer(
  execution: Execution,
  callback: TimerCallback,
  delayMs: number,
  args: readonly unknown[],
  repeat: boolean,
): ActionTimer {
  const timer = new ActionTimer();
  const fire = () => {
    execution.timers.delete(timer.handle);
    if (repeat) {
      arm();
    }
    try {
      runAs(execution, () => callback(...args));
    } catch (error) {
      execution.logs.write(
        "ERROR",
        `Uncaught error in a timer: ${String(error)}`,
      );
    }
  };
  const arm = () => {
    timer.handle = execution.clock.setTimeout(fire, delayMs);
    execution.timers.add(timer.handle);
  };
  arm();
  return timer;
}

function stopTimer(timer: unknown): undefined {
  const execution = currentExecution();
  if (execution !== undefined && timer instanceof ActionTimer) {
    execution.clock.clearTimeout(timer.handle);
    execution.timers.delete(timer.handle);
  }
}

function actionFetch(input: string | URL | Request, init?: RequestInit) {
  const execution = actionOnly("fetch()");
  return execution instanceof SyscallFailure
    ? execution
    : execution.whilePending("fetch", fetch(input, init));
}

function getRandomValues<T extends ArrayBufferView>(array: T): T {
  const random = currentExecution()?.random;
  const bytes = new Uint8Array(
    array.buffer,
    array.byteOffset,
    array.byteLength,
  );
  if (random) {
    random.fill(bytes);
  } else {
    webcrypto.getRandomValues(bytes);
  }
  return array;
}
