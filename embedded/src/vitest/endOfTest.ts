/**
 * Has something done when the test that runs now has ended, or, while a file of tests is being
 * collected, when all of the file have. Does nothing in a hook, nor where no vitest runs.
 */
export async function atEndOfTest(run: () => Promise<void>): Promise<void> {
  // Vitest sets it in the processes and threads that run tests.
  if (process.env["VITEST_WORKER_ID"] === undefined) return;
  const { afterAll, onTestFinished } = await import("vitest");
  try {
    onTestFinished(run);
  } catch {
    // No test runs.
    afterAll(run);
  }
}
