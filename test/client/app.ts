import { convexTest } from "convex-test";
import { anyApi, defineSchema, type ApiFromModules } from "convex/server";
import { exposeSessions, type ExposeOptions } from "../../client/index.js";
import { register } from "../../client/test.js";
import { sessionTracker } from "../convex/support/hooksApp/component.js";

/** The references to the app's one module, `sessions.ts`, as codegen would make them. */
export const { sessions } = anyApi as unknown as ApiFromModules<{
  sessions: ReturnType<typeof exposeSessions>;
}>;

/** An app whose `sessions.ts` exports what `exposeSessions` makes with these options. */
export function setUpApp(options?: ExposeOptions) {
  const t = convexTest({
    schema: defineSchema({}),
    modules: {
      "./_generated/api.ts": () => Promise.resolve({}),
      "./sessions.ts": () =>
        Promise.resolve(exposeSessions(sessionTracker, options)),
    },
    transactionLimits: true,
  });
  register(t);
  return t;
}
export type App = ReturnType<typeof setUpApp>;

/** Permits everybody everything, for tests of all that comes after the permission. */
export const permitAll: ExposeOptions = { authorize: () => true };
