import { EventEmitter } from "node:events";

/**
 * `process` of `"use node"` modules: this process's, with environment variables of their own, and
 * with what would end it or change it for others kept from them.
 */
export function nodeProcess(env: Readonly<Record<string, string>>): object {
  const emitter = new EventEmitter();
  const own: Record<PropertyKey, unknown> = {
    env: { ...env },
    exit: refuseExit,
    reallyExit: refuseExit,
    abort: () => refuse("process.abort()"),
    kill: () => refuse("process.kill()"),
    chdir: () => refuse("process.chdir()"),
    ...Object.fromEntries(
      EMITTER_METHODS.map((name) => [name, emitter[name].bind(emitter)]),
    ),
  };
  const bound = new Map<unknown, unknown>();
  return new Proxy(own, {
    get: (target, name) => {
      if (Object.hasOwn(target, name)) return target[name];
      const value: unknown = Reflect.get(process, name);
      if (typeof value !== "function") return value;
      let method = bound.get(value);
      if (method === undefined) {
        method = Object.assign(value.bind(process) as object, value);
        bound.set(value, method);
      }
      return method;
    },
    has: (target, name) => Object.hasOwn(target, name) || name in process,
    getPrototypeOf: () => Object.getPrototypeOf(process) as object,
  });
}

/** Listeners of pushed code hear nothing of this process, whose signals and errors are not theirs. */
const EMITTER_METHODS = [
  "addListener",
  "emit",
  "eventNames",
  "getMaxListeners",
  "listenerCount",
  "listeners",
  "off",
  "on",
  "once",
  "prependListener",
  "prependOnceListener",
  "rawListeners",
  "removeAllListeners",
  "removeListener",
  "setMaxListeners",
] as const satisfies readonly (keyof EventEmitter)[];

function refuseExit(code?: number): never {
  throw new Error(
    `process.exit() called ${code === undefined ? "with no exit code" : `with exit code ${code}`}`,
  );
}

function refuse(what: string): never {
  throw new Error(`${what} is not possible in a deployment.`);
}
