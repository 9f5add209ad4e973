import type { KnipConfig } from "knip";

/** `npm run lint:unused`: files, exports and dependencies that nothing uses. Each exception says why. */
export default {
  // A type that an exported signature names is exported with it.
  // Apps with packages of their own.
  ignore: ["examples/**"],
  ignoreExportsUsedInFile: { interface: true, type: true },
  // The system's, in tests of disks, pipes, owners and scrapers.
  ignoreBinaries: ["mkfifo", "mount", "prometheus", "umount", "unshare"],
  workspaces: {
    ".": {
      entry: [
        // What the package exports.
        "client/{index,test}.ts",
        "react/index.ts",
        "cli/types.ts",
        // Named by package.json's scripts and README.
        "scripts/*.ts",
        // Deployed by the bench.
        "scripts/bench/servers/{app,searchApp}/convex/*.ts",
        // Processes and pages that benches and tests start by their path.
        "{scripts,test}/**/*.mjs",
        "test/browser/page/*.tsx",
        // Run by hand; its output is in the repository.
        "test/upgrade/make*.ts",
      ],
      ignoreDependencies: [
        // scripts/checkPackages.ts runs their commands.
        "@arethetypeswrong/cli",
        "publint",
      ],
    },
    embedded: {
      entry: [
        // Processes that tests start by their path.
        "test/storage/owner{Claims,Holder}.ts",
        "test/support/process/servedProcess.ts",
        // Deployed by tests from where it lies.
        "test/apps/everything/convex/**/*.{ts,js}",
        // Stands in for convex-test in the packages' own tests.
        "test/conformance/adapter/convexTest.ts",
      ],
      ignoreDependencies: [
        // Its text is run inside of each function's realm.
        "object-inspect",
        // Their own tests are run by test/conformance/packages.ts, from where they are installed.
        "@convex-dev/.+",
        // Imported by those tests.
        "@fast-check/vitest",
      ],
    },
    example: {},
  },
} satisfies KnipConfig;
