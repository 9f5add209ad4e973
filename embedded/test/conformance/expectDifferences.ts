import { afterAll, beforeEach } from "vitest";
import { differenceOf, missingFrom } from "./differences.js";

// A test that differs from the mock on purpose has to fail, and for its reason alone: vitest
// reports it if it passes, and what follows if it fails in another way.
beforeEach(({ task, onTestFailed }) => {
  const difference = differenceOf(task.file.filepath, task.name);
  if (difference === undefined) return;
  // As `test.fails` would, which a suite in a package cannot be made to say.
  const mutable: { fails?: boolean | undefined } = task;
  mutable.fails = true;
  onTestFailed(() => {
    const errors = task.result?.errors ?? [];
    if (
      errors.every(({ message, diff = "" }) =>
        difference.failsWith.test(`${message}\n${diff}`),
      )
    )
      return;
    mutable.fails = false;
    throw new Error(
      `This test is listed to fail with ${String(difference.failsWith)} and failed otherwise. ${difference.reason}`,
    );
  });
});

// eslint-disable-next-line no-empty-pattern -- vitest wants the fixtures destructured
afterAll(({}, suite) => {
  const missing = missingFrom(suite.file);
  if (missing.length > 0) {
    throw new Error(
      `Listed to differ in ${suite.file.name}, where there is no such test: ${missing.join("; ")}`,
    );
  }
});
