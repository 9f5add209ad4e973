/** Published packages whose own tests run on the engine, from node_modules as they are. */
export const PACKAGES = [
  "@convex-dev/workpool",
  "@convex-dev/batch-worker",
  "@convex-dev/aggregate",
  "@convex-dev/rate-limiter",
  "@convex-dev/migrations",
  "@convex-dev/sharded-counter",
  "@convex-dev/workflow",
  "@convex-dev/action-cache",
  "@convex-dev/prosemirror-sync",
  "@convex-dev/resend",
  "@convex-dev/agent",
];
