/** Thousands of connections, and clients that would have the deployment keep hundreds of megabytes. */
export const heavySuites = [
  "embedded/test/hostile/bounds.test.ts",
  "embedded/test/hostile/connections.test.ts",
];
