/** What only the engine can hold, and `npm test` has no time for. */
export const engineSuites = ["test/convex/scale/*.test.ts"];

/** What `scale` has in all its combinations on the engine, and `npm test` in some on the mock. */
export const partsOfEngineSuites = [
  "test/convex/schedules/clockChanges.test.ts",
  // They need no deployment; `scale/year` has one.
  "test/convex/schedules/{year,windows}.test.ts",
];
