/* global process -- a script of Node, not a module of the package */
/** Preloaded into a command: lists on stderr, at its end, the modules that it has loaded. */
import { register } from "node:module";
import { writeSync } from "node:fs";

const hooks = `
import { writeSync } from "node:fs";
export function load(url, context, next) {
  writeSync(2, "loaded " + url + "\\n");
  return next(url, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

process.on("exit", () => {
  // The global fetch is in Node, and loaded when it is first named.
  if (
    process.moduleLoadList.includes("NativeModule internal/deps/undici/undici")
  )
    writeSync(2, "loaded undici\n");
});
