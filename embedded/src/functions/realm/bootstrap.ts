/**
 * Script that runs once inside each context, where the intrinsics that pushed code sees live: it
 * puts time and randomness under the host's control, and turns the host's plain answers into this
 * context's own promises and errors.
 *
 * The host answers a syscall with a string (done), a failure `{message, data?}` (data is JSON
 * text), or a host promise of either. Promises and errors have to be made in here: awaiting a
 * foreign promise costs two more turns, and code that checks `instanceof Error` would not recognise
 * a foreign one.
 */
export const BOOTSTRAP = `(function (host, inspect) {
  "use strict";
  const RealDate = Date;
  const toError = (failure) => {
    const error = new Error(failure.message);
    if (failure.data !== undefined) error.data = JSON.parse(failure.data);
    return error;
  };
  const guarded = (call) => (...args) => {
    const answer = call(...args);
    if (answer !== null && typeof answer === "object" && host.isFailure(answer)) throw toError(answer);
    return answer;
  };
  if (host.isRestricted) host = restricted(host);
  // Nothing runs in such a context but the top level of modules.
  function restricted(free) {
    const refuse = guarded(free.importRandomness);
    return {
      ...free,
      now: guarded(free.importTime),
      random: () => { refuse(); return free.random(); },
      randomUUID: () => { refuse(); return free.randomUUID(); },
      getRandomValues: (array) => { refuse(); return free.getRandomValues(array); },
    };
  }
  const define = (name, value) =>
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });

  function HostDate(...args) {
    if (new.target === undefined) return new RealDate(host.now()).toString();
    // Libraries for dates make thousands; to reflect takes several times as long.
    if (new.target === HostDate && args.length < 2) {
      return new RealDate(args.length === 0 ? host.now() : args[0]);
    }
    return Reflect.construct(RealDate, args.length === 0 ? [host.now()] : args, new.target);
  }
  Object.defineProperty(HostDate, "name", { value: "Date" });
  Object.defineProperty(HostDate, "length", { value: 7 });
  HostDate.prototype = RealDate.prototype;
  RealDate.prototype.constructor = HostDate;
  HostDate.UTC = RealDate.UTC;
  HostDate.parse = RealDate.parse;
  HostDate.now = () => host.now();
  define("Date", HostDate);
  Math.random = () => host.random();

  const answers = (answer) => {
    if (typeof answer === "string") return answer;
    throw toError(answer);
  };
  define("Convex", Object.freeze({
    syscall: (op, json) => answers(host.syscall(op, json)),
    asyncSyscall: (op, json) => {
      const answer = host.asyncSyscall(op, json);
      if (typeof answer === "string") return Promise.resolve(answer);
      if (host.isFailure(answer)) return Promise.reject(toError(answer));
      return new Promise((resolve, reject) => {
        answer.then((late) => {
          if (typeof late === "string") resolve(late);
          else reject(toError(late));
        });
      });
    },
    jsSyscall: (op, args) => new Promise((resolve, reject) => {
      host.jsSyscall(op, args).then((late) => {
        if (host.isFailure(late)) reject(toError(late));
        else resolve(late);
      });
    }),
  }));

  const console = {};
  const text = (args) => args.map((value) => inspect(value)).join(" ");
  for (const [method, level] of host.consoleLevels)
    console[method] = (...args) => host.log(level, text(args));
  console.assert = (condition, ...args) => {
    if (!condition) host.log("ERROR", text(["Assertion failed", ...args]));
  };
  console.time = (label = "default") => host.time(String(label));
  console.timeLog = (label = "default") => host.timeLog(String(label));
  console.timeEnd = (label = "default") => host.timeEnd(String(label));
  define("console", console);
  const readEnv = guarded(host.readEnv);
  define("process", {
    env: host.isRestricted
      ? new Proxy({}, { get: (target, name) => typeof name === "string" ? readEnv(name) : Reflect.get(target, name) })
      : Object.assign(Object.create(Object.prototype), host.env),
  });
  define("self", globalThis);
  // Both show when garbage is collected, which functions are not to depend on.
  define("WeakRef", class WeakRef {
    #target;
    constructor(target) {
      if (Object(target) !== target && typeof target !== "symbol") throw new TypeError("target must be an object");
      this.#target = target;
    }
    deref() { return this.#target; }
  });
  define("FinalizationRegistry", class FinalizationRegistry {
    constructor(cleanup) {
      if (typeof cleanup !== "function") throw new TypeError("cleanup must be callable");
    }
    register() {}
    unregister() { return false; }
  });
  // The host's own would end the process when a callback throws.
  define("queueMicrotask", (callback) => { Promise.resolve().then(() => { callback(); }); });
  for (const [name, value] of host.globals) define(name, value);
  for (const [name, call] of host.guardedGlobals) define(name, guarded(call));
  const subtle = Object.create(host.subtlePrototype);
  for (const method of host.subtleMethods) {
    Object.defineProperty(subtle, method, { configurable: true, writable: true, value: (...args) => {
      const failure = host.refuseRandomness(method, args[0]);
      return failure === undefined ? host.subtle[method](...args) : Promise.reject(toError(failure));
    } });
  }
  class Crypto {
    constructor() { throw new TypeError("Illegal constructor"); }
    get subtle() { return subtle; }
  }
  Object.defineProperty(Crypto.prototype, Symbol.toStringTag, { value: "Crypto", configurable: true });
  Object.assign(Crypto.prototype, {
    getRandomValues: guarded(host.getRandomValues),
    randomUUID: guarded(host.randomUUID),
  });
  define("Crypto", Crypto);
  define("crypto", Object.create(Crypto.prototype));
  return host.intrinsics.map((name) => globalThis[name]);
})`;
