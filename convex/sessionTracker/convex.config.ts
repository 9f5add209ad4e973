import crons from "@convex-dev/crons/convex.config";
import rateLimiter from "@convex-dev/rate-limiter/convex.config";
import shardedCounter from "@convex-dev/sharded-counter/convex.config";
import workpool from "@convex-dev/workpool/convex.config";
import { defineComponent } from "convex/server";

const component = defineComponent("sessionTracker");
component.use(workpool);
// A pool of its own, so that runs never wait for an endpoint that does not answer.
component.use(workpool, { name: "deliveries" });
component.use(crons);
component.use(rateLimiter);
component.use(shardedCounter);

export default component;
