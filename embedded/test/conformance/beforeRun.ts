import type { TestProject } from "vitest/node";
import { differences } from "./differences.js";
import { PACKAGES } from "./packages.js";

/**
 * Prints the tests that are expected to fail on the engine, and why; refuses to run without a
 * package's suites.
 */
export default async function beforeRun(project: TestProject): Promise<void> {
  const { testFiles } = await project.globTestFiles();
  const absent = PACKAGES.filter(
    (name) => !testFiles.some((file) => file.includes(`/${name}/`)),
  );
  if (absent.length > 0) {
    throw new Error(
      `No suites were found of ${absent.join(", ")}: the package does not ship them any more, or the configuration leaves them out.`,
    );
  }
  for (const { file, tests, reason } of differences) {
    console.log(`${file}: ${tests.length} expected to differ. ${reason}`);
  }
}
