/** Thousands of connections, and clients that would have the deployment keep hundreds of megabytes. */
export const heavySuites = [
  "test/embedded/hostile/bounds.test.ts",
  "test/embedded/hostile/connections.test.ts",
];
