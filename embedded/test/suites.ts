/** Which tests run when, by their paths from the folder of the package. */

/** They import `convex-test`; each runs on it and on the engine. */
export const conformanceSuites = ["test/conformance/*.test.ts"];

/** What ends and starts processes and runs the official CLI: `npm run test:processes`. */
export const processSuites = [
  "test/heldJobs.test.ts",
  "test/officialCli/*.test.ts",
  "test/storage/ownerLock.test.ts",
  "test/watchdog.test.ts",
];

/** Thousands of connections, hundreds of megabytes: `npm run test:fuzz`. */
export const heavySuites = [
  "test/hostile/bounds.test.ts",
  "test/hostile/connections.test.ts",
];

/** Minutes of `kill -9`: `npm run test:kills`. */
export const killSuites = ["test/kills/*.test.ts"];
