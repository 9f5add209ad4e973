/// <reference types="vite/client" />
/**
 * The component for an app's own `convex-test` suite.
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
 * @param t - what `convexTest` returned
 * @param name the component's name in the app's convex.config.ts. @default "sessionTracker"
 * @returns the component's API, for functions that a test calls in it and for `new SessionTracker(api)`; with a
 * `convex-test` older than 0.0.70, which returns none, `undefined`
 * @example
 * const t = convexTest(schema, import.meta.glob("./**\/*.ts"));
 * sessionTracker.register(t);
 * @example With `defineTestApp` of `convex-test`, which types `app.components.sessionTracker` by it:
 * const app = defineTestApp({ schema, components: { sessionTracker } });
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

/** What `register` registers, as other components export it. */
export default { register, schema, modules };
