import {
  afterAll,
  beforeEach,
  type RunnerTestFile,
  type RunnerTestSuite,
} from "vitest";

/** Tests whose expectation of the mock a deployment rightly does not meet. */
export interface Difference {
  /** End of the file's path. */
  readonly file: string;
  /** The tests' own names, without those of the blocks around them. */
  readonly tests: readonly string[];
  /** How the real backend differs from the mock. */
  readonly reason: string;
  /** Text of each test's errors. */
  readonly failsWith: RegExp;
}

/**
 * Makes each listed test of the running file pass only by failing for its reason: vitest reports a
 * test that passes, and the hooks below report one that fails in another way or does not exist.
 */
export function expectDifferences(differences: readonly Difference[]): void {
  beforeEach(({ task, onTestFailed }) => {
    const difference = differenceOf(differences, task.file.filepath, task.name);
    if (difference === undefined) return;
    // The flag that `test.fails` sets, which the text of a package's suite cannot be made to use.
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
    const missing = missingFrom(differences, suite.file);
    if (missing.length > 0) {
      throw new Error(
        `Listed to differ in ${suite.file.name}, where there is no such test: ${missing.join("; ")}`,
      );
    }
  });
}

/** The difference that a test must show on the engine; undefined if it must pass. */
function differenceOf(
  differences: readonly Difference[],
  file: string,
  test: string,
): Difference | undefined {
  return differences.find(
    (difference) =>
      file.endsWith(`/${difference.file}`) && difference.tests.includes(test),
  );
}

/** The listed tests of a file that it does not contain. */
function missingFrom(
  differences: readonly Difference[],
  file: RunnerTestFile,
): string[] {
  const present = new Set(namesIn(file));
  return differences
    .filter((difference) => file.filepath.endsWith(`/${difference.file}`))
    .flatMap(({ tests }) => tests.filter((name) => !present.has(name)));
}

function namesIn(suite: RunnerTestSuite): string[] {
  return suite.tasks.flatMap((task) =>
    task.type === "suite" ? namesIn(task) : [task.name],
  );
}
