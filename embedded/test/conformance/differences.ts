import type { RunnerTestFile, RunnerTestSuite } from "vitest";

/** Tests whose expectation of the mock a deployment rightly does not meet. */
export interface Difference {
  /** How the file's path ends. */
  readonly file: string;
  /** By their own names, without those of the blocks around them. */
  readonly tests: readonly string[];
  /** How the real backend differs from the mock. */
  readonly reason: string;
  /** What each of its errors says. */
  readonly failsWith: RegExp;
}

const ERROR_TEXT =
  "Errors have the real backend's words; the mock has its own for refused arguments, limits and nested calls.";
const SCHEDULED_NAME =
  "In _scheduled_functions the real backend writes `module.js:function`, the mock leaves `.js` out.";
const SYSTEM_TABLES =
  "The test deletes a row of _scheduled_functions through ctx.db; the real backend lets nobody write system tables.";
const COUNTED_TWICE =
  "The test adds the reads that each write by id begins with, because the mock does not count them; the engine does.";
const CREATION_TIME =
  "The test makes rows of one _creationTime, at a time too large for the mock's steps; the real backend's always grow.";
const CLOCK =
  "A process that stood still runs all that is overdue by the clock; the mock's timers go by the time they still had to wait.";

const REFUSED_ARGUMENTS =
  /error matching \/Validator error\/ but got 'ArgumentValidationError: /;
const INTERVALS_TWICE = /^expected [\d.]+ to be less than 4096$/m;
/** The test looks for a job by a name without `.js`. */
const JOB_NOT_FOUND = /expected undefined to be defined/;

/**
 * Where the engine differs from `convex-test` on purpose. Each test named here must
 * fail, and with that text: one that passes, fails in another way or is not there fails the run.
 *
 * Other differences, which no test here meets: ids have the real backend's form; a full last page
 * says `isDone: false`; a transaction's limits always hold; a component cannot `paginate()`; what
 * a nested call throws arrives as text; file storage, text and vector search are not supported.
 */
export const differences: readonly Difference[] = [
  {
    file: "test/baseline/cleanup.test.ts",
    tests: ["the baseline's cleanup can never run again above 32,000 sessions"],
    reason: ERROR_TEXT,
    failsWith:
      /'Scanned too many documents' but got 'Too many documents read in a single f/,
  },
  {
    file: "test/convex/importing.test.ts",
    tests: [
      "of as many rows as it takes fits a transaction where each row changes all it can",
    ],
    reason: COUNTED_TWICE,
    failsWith: INTERVALS_TWICE,
  },
  {
    file: "test/convex/lifecycle.test.ts",
    tests: [
      "a page of 1000 takes fewer read intervals than the real backend allows",
      "a page of 3000 takes fewer read intervals than the real backend allows",
    ],
    reason: COUNTED_TWICE,
    failsWith: INTERVALS_TWICE,
  },
  {
    file: "test/convex/schedules.test.ts",
    tests: [
      "after six hours of downtime answers once, though crons fires for each it missed",
    ],
    reason: CLOCK,
    failsWith: /to have a length of 1 but got 2$/m,
  },
  {
    file: "test/convex/sessions.test.ts",
    tests: [
      "in pages of 1 loses and doubles no row of those created in one moment",
      "in pages of 2 loses and doubles no row of those created in one moment",
      "in pages of 3 loses and doubles no row of those created in one moment",
      "in pages of 8 loses and doubles no row of those created in one moment",
    ],
    reason: CREATION_TIME,
    failsWith: /^expected 8 to be 1 /,
  },
  {
    file: "workpool/src/client/index.test.ts",
    tests: [
      "a failure filter reuses an existing completion handler for failed action work",
      "a failure filter reuses an existing completion handler for failed mutation work",
      "a failure filter reuses an existing completion handler for failed query work",
      "a failure filter restores large context (large arguments: false)",
      "a failure filter restores large context (large arguments: true)",
    ],
    reason: ERROR_TEXT,
    failsWith: /Uncaught Error: work failed/,
  },
  {
    file: "workpool/src/client/index.test.ts",
    tests: [
      "rejects invalid result kinds at runtime (batch: false)",
      "rejects invalid result kinds at runtime (batch: true)",
    ],
    reason: ERROR_TEXT,
    failsWith: REFUSED_ARGUMENTS,
  },
  {
    file: "workpool/src/component/lib.test.ts",
    tests: [
      "rejects invalid status filters before writing any work (batch: false)",
      "rejects invalid status filters before writing any work (batch: true)",
    ],
    reason: ERROR_TEXT,
    failsWith: REFUSED_ARGUMENTS,
  },
  {
    file: "workpool/src/component/lib.test.ts",
    tests: ["should process work items in batches for cancelAll"],
    reason: SCHEDULED_NAME,
    failsWith: JOB_NOT_FOUND,
  },
  {
    file: "workpool/src/component/stats.test.ts",
    tests: ["should schedule calculateBacklogAndReport when backlog is large"],
    reason: SCHEDULED_NAME,
    failsWith: JOB_NOT_FOUND,
  },
  {
    file: "workpool/src/component/stateMachine.test.ts",
    tests: [
      "consumes a pending completion and starts backlog despite GC'd scheduledId",
      "recovery fails a job whose scheduledId is GC'd and no completion exists",
      "recovery scan tolerates a GC'd scheduledId for a live job",
    ],
    reason: SYSTEM_TABLES,
    failsWith: /System tables can only be accessed with db\.system/,
  },
];

/** The difference that a test must show on the engine; undefined if it must pass. */
export function differenceOf(
  file: string,
  test: string,
): Difference | undefined {
  return differences.find(
    (difference) =>
      file.endsWith(`/${difference.file}`) && difference.tests.includes(test),
  );
}

/** The tests listed for a file that are not in it. */
export function missingFrom(file: RunnerTestFile): string[] {
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
