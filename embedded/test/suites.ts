/** Kinds of test suites, by their paths from the folder of the package. */

/** Suites that import `convex-test`; each runs on it and on the engine. */
export const conformanceSuites = ["test/conformance/*.test.ts"];

/** Suites of ours for published packages that ship none; each runs on the mock and on the engine: `npm run test:conformance`. */
export const componentSuites = ["test/conformance/components/*.test.{ts,js}"];

/** Suites that end and start processes, copy what a disk holds or run the official CLI: `npm run test:processes`. */
export const processSuites = [
  "test/apps/*.test.ts",
  "test/heldJobs.test.ts",
  "test/officialCli/*.test.ts",
  "test/storage/copies.test.ts",
  "test/storage/ownerLock.test.ts",
  "test/vitest/*.test.ts",
  "test/watchdog.test.ts",
];

/** Suites of thousands of connections or hundreds of megabytes: `npm run test:fuzz`. */
export const heavySuites = [
  "test/hostile/bounds.test.ts",
  "test/hostile/connections.test.ts",
  "test/server/storage/large.test.ts",
];

/** Suites of minutes of `kill -9`: `npm run test:kills`. */
export const killSuites = ["test/kills/*.test.ts"];
