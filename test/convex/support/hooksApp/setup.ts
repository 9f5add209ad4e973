import { convexTest } from "convex-test";
import { makeFunctionReference } from "convex/server";
import { register } from "../../../../client/test.js";
import schema from "./schema.js";

const modules = {
  "./_generated/api.ts": () => Promise.resolve({}),
  "./hooks.ts": () => import("./hooks.js"),
};

/** An app that mounts the component and has hooks. */
export function setUpApp() {
  const t = convexTest({ schema, modules, transactionLimits: true });
  register(t);
  return t;
}
export type App = ReturnType<typeof setUpApp>;

/** The reference that an app's own code has as `internal.hooks.install`. */
export const install = makeFunctionReference<
  "mutation",
  {
    onStarted?: "noteStarted" | "actOnStart" | null;
    onExpired?: "noteExpired" | "editSchedule" | null;
    onEnded?: "noteEnded" | null;
    onPurged?: "deleteCarts" | null;
    onLinked?: "moveCarts" | null;
  },
  null
>("hooks:install");
