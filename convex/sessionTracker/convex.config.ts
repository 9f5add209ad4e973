import crons from "@convex-dev/crons/convex.config";
import rateLimiter from "@convex-dev/rate-limiter/convex.config";
import shardedCounter from "@convex-dev/sharded-counter/convex.config";
import workpool from "@convex-dev/workpool/convex.config";
import { defineComponent } from "convex/server";

const component = defineComponent("sessionTracker");
component.use(workpool);
component.use(crons);
component.use(rateLimiter);
component.use(shardedCounter);

export default component;
