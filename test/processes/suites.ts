import { processSuites as ofEmbedded } from "../../embedded/test/suites.js";

/**
 * Suites that run programs as people do, and take half a minute or more: the package installed by npm;
 * the CLI from import to purge, in terminals, in shells and on bad networks; every command of
 * `docs/operating.md` and `docs/ci.md`, and of the official CLI; a real log, imported and purged; what ends, kills and starts
 * deployments again, or deploys over an old one; pages that sign in, or tell of visits, at an app that the official
 * CLI deployed. `npm test` has no time for them, `npm run test:processes` runs them.
 */
export const processSuites = [
  "test/package/*.test.ts",
  "test/cli/processes/**/*.test.ts",
  "test/scripts/realAccessLog.test.ts",
  "test/embedded/schedules.test.ts",
  "test/embedded/sharedTimes.test.ts",
  "test/embedded/signedInUsers.test.ts",
  "test/react/linkUser.test.ts",
  "test/react/visits/live.test.ts",
  "test/upgrade/*.test.ts",
  ...ofEmbedded.map((file) => `embedded/${file}`),
];
