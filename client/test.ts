/// <reference types="vite/client" />
/**
 * The component for an app's own `convex-test` suite. The default export has the same `register`, and `schema` and `modules`,
 * as those of other components have: `defineTestApp` of `convex-test` takes it as one of its `components`, and types
 * `app.components.sessionTracker` by it.
 *
 * @packageDocumentation
 */
import crons from "@convex-dev/crons/test";
import rateLimiter from "@convex-dev/rate-limiter/test";
import shardedCounter from "@convex-dev/sharded-counter/test";
import workpool from "@convex-dev/workpool/test";
import type { TestConvex } from "convex-test";
import type { GenericSchema, SchemaDefinition } from "convex/server";
import type { ComponentApi } from "../convex/sessionTracker/_generated/component.js";
import schema from "../convex/sessionTracker/schema.js";

const modules = import.meta.glob([
  "../convex/sessionTracker/**/*.{ts,js}",
  "!../convex/sessionTracker/**/*.d.ts",
]);

type TestDeployment = TestConvex<SchemaDefinition<GenericSchema, boolean>>;

/**
 * Registers the component, and the components that it uses, with an app's `convex-test` instance.
 *
 * @param t - what `convexTest` returned
 * @param name - the component's name in the app's convex.config.ts
 * @returns the component's API, for functions that a test calls in it and for `new SessionTracker(api)`; with a
 *   `convex-test` older than 0.0.70, which returns none, `undefined`
 *
 * @example
 * ```ts
 * // convex/visitors.test.ts
 * /// <reference types="vite/client" />
 * import { convexTest } from "convex-test";
 * import { defineSchema } from "convex/server";
 * import sessionTracker from "sessions-ops/test";
 * import { expect, test } from "vitest";
 *
 * test("nobody is there at first", async () => {
 *   const t = convexTest({
 *     schema: defineSchema({}),
 *     modules: import.meta.glob("./**\/*.ts"),
 *   });
 *   const component = sessionTracker.register(t);
 *   const { sessions } = await t.query(component.operator.status.get, {});
 *   expect(sessions.active).toBe(0);
 * });
 * ```
 */
export function register<
  Schema extends SchemaDefinition<GenericSchema, boolean>,
>(t: TestConvex<Schema>, name = "sessionTracker"): ComponentApi {
  const api: unknown = t.registerComponent(name, schema, modules);
  registerChildren(t, `${name}/`);
  return api as ComponentApi;
}

/** @internal Registers the components that the component uses, for its own tests, in which it is the root. */
export function registerChildren<
  Schema extends SchemaDefinition<GenericSchema, boolean>,
>(t: TestConvex<Schema>, prefix = ""): void {
  // Registering reads nothing of the schema, but its type is not assignable to the general one.
  const deployment = t as unknown as TestDeployment;
  workpool.register(deployment, `${prefix}workpool`);
  workpool.register(deployment, `${prefix}deliveries`);
  crons.register(deployment, `${prefix}crons`);
  rateLimiter.register(deployment, `${prefix}rateLimiter`);
  shardedCounter.register(deployment, `${prefix}shardedCounter`);
}

/**
 * What `register` registers, as other components export it.
 * @hidden Its type would be a page of its own.
 */
export default { register, schema, modules };
