/** Tests whose expectation of the mock a deployment rightly does not meet. */
export interface Difference {
  /** How the file's path ends. */
  readonly file: string;
  /** By their own names, without those of the blocks around them. */
  readonly tests: readonly string[];
  /** How the real backend differs from the mock. */
  readonly reason: string;
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

/**
 * Where the engine differs from `convex-test` on purpose. Each test named here must fail: one that
 * passes is reported, so that the list stays true.
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
  },
  {
    file: "test/convex/importing.test.ts",
    tests: [
      "of as many rows as it takes fits a transaction where each row changes all it can",
    ],
    reason: COUNTED_TWICE,
  },
  {
    file: "test/convex/lifecycle.test.ts",
    tests: [
      "a page of 1000 takes fewer read intervals than the real backend allows",
      "a page of 3000 takes fewer read intervals than the real backend allows",
    ],
    reason: COUNTED_TWICE,
  },
  {
    file: "test/convex/schedules.test.ts",
    tests: [
      "after six hours of downtime answers once, though crons fires for each it missed",
    ],
    reason: CLOCK,
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
  },
  {
    file: "workpool/src/client/index.test.ts",
    tests: [
      "a failure filter reuses an existing completion handler for failed action work",
      "a failure filter reuses an existing completion handler for failed mutation work",
      "a failure filter reuses an existing completion handler for failed query work",
      "a failure filter restores large context (large arguments: false)",
      "a failure filter restores large context (large arguments: true)",
      "rejects invalid result kinds at runtime (batch: false)",
      "rejects invalid result kinds at runtime (batch: true)",
    ],
    reason: ERROR_TEXT,
  },
  {
    file: "workpool/src/component/lib.test.ts",
    tests: [
      "rejects invalid status filters before writing any work (batch: false)",
      "rejects invalid status filters before writing any work (batch: true)",
    ],
    reason: ERROR_TEXT,
  },
  {
    file: "workpool/src/component/lib.test.ts",
    tests: ["should process work items in batches for cancelAll"],
    reason: SCHEDULED_NAME,
  },
  {
    file: "workpool/src/component/stats.test.ts",
    tests: ["should schedule calculateBacklogAndReport when backlog is large"],
    reason: SCHEDULED_NAME,
  },
  {
    file: "workpool/src/component/stateMachine.test.ts",
    tests: [
      "consumes a pending completion and starts backlog despite GC'd scheduledId",
      "recovery fails a job whose scheduledId is GC'd and no completion exists",
      "recovery scan tolerates a GC'd scheduledId for a live job",
    ],
    reason: SYSTEM_TABLES,
  },
];

/** Suites that are not run at all, and why. */
export const excludedSuites: readonly { file: string; reason: string }[] = [
  {
    file: "node_modules/@convex-dev/aggregate/src/component/btree.test.ts",
    reason: "It imports @fast-check/vitest, which the package does not bring.",
  },
  {
    file: "node_modules/@convex-dev/rate-limiter/src/react/index.test.ts",
    reason: "It tests React hooks in jsdom, without a deployment.",
  },
];

/** Why a test must fail on the engine; undefined if it must pass. */
export function differenceOf(file: string, test: string): string | undefined {
  return differences.find(
    (difference) =>
      file.endsWith(`/${difference.file}`) && difference.tests.includes(test),
  )?.reason;
}
