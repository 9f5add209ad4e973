/**
 * What an app's `convex.config.ts` imports.
 *
 * @packageDocumentation
 */
import crons from "@convex-dev/crons/convex.config";
import rateLimiter from "@convex-dev/rate-limiter/convex.config";
import shardedCounter from "@convex-dev/sharded-counter/convex.config";
import workpool from "@convex-dev/workpool/convex.config";
import { defineComponent } from "convex/server";

/**
 * The component, to be mounted in the app's `convex/convex.config.ts`; `app.use(sessionTracker, { name })` mounts it under
 * another name. It mounts components of its own below itself.
 *
 * @example
 * ```ts
 * // convex/convex.config.ts
 * import { defineApp } from "convex/server";
 * import sessionTracker from "sessions-ops/convex.config";
 *
 * const app = defineApp();
 * app.use(sessionTracker);
 * export default app;
 * ```
 */
const component = defineComponent("sessionTracker");
component.use(workpool);
// A pool of its own, so that runs never wait for an endpoint that does not answer.
component.use(workpool, { name: "deliveries" });
component.use(crons);
component.use(rateLimiter);
component.use(shardedCounter);

export default component;
