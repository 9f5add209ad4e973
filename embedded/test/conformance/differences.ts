import type { Difference } from "./expectDifferences.js";

const ERROR_TEXT =
  "Errors have the real backend's words; the mock has its own for refused arguments, limits and nested calls.";
const SYSTEM_TABLES =
  "The test deletes a row of _scheduled_functions through ctx.db; the real backend lets nobody write system tables.";
const SCHEDULED_NAME =
  "In _scheduled_functions the real backend writes `module.js:function`, the mock leaves `.js` out.";
const SPIED_ON =
  "The test watches `_handler` of a registered function; the real backend calls what is exported, as `convex/server` made it.";
const NOT_SHIPPED =
  "The test reads a file that npm does not ship; it fails on the mock too.";
const HANDLE_OF_NOTHING =
  "The test makes a handle of a function that does not exist, which the real backend refuses.";
const ONE_MILLISECOND =
  "The test lets no time pass between rows and a query for those up to now; a row's _creationTime has fractions of a millisecond, and here Date.now() has none and waits for none.";
const REFUSED_ARGUMENTS =
  /error matching \/Validator error\/ but got 'ArgumentValidationError: /;
/** The test looks for a job by a name without `.js`. */
const JOB_NOT_FOUND = /expected undefined to be defined/;

/**
 * Deliberate differences of the engine from `convex-test`. Each test named here must fail, and with
 * that text: the run fails if it passes, fails in another way or does not exist.
 *
 * Differences that no test here meets: ids have the real backend's form; a full last page says
 * `isDone: false`; a transaction's limits always hold; errors of a nested call arrive as
 * text.
 */
export const differences: readonly Difference[] = [
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
    file: "workpool/src/component/migrations.test.ts",
    tests: ["keeps existing pointers and deletes entries whose work is gone"],
    reason: ONE_MILLISECOND,
    failsWith: /to be null/,
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
  {
    file: "workflow/src/component/workflow.test.ts",
    tests: [
      "'start' only calls handlerOnComplete for failed handlers ('failed')",
      "'restart' only calls handlerOnComplete for failed handlers ('failed')",
      "'resume' only calls handlerOnComplete for failed handlers ('failed')",
    ],
    reason: SPIED_ON,
    failsWith: /expected "handler" to be called once, but got 0 times/,
  },
  {
    file: "workflow/src/client/stepContext.test.ts",
    tests: [
      "forwards transactionLimits to ctx.runQuery during inline execution",
    ],
    reason: HANDLE_OF_NOTHING,
    failsWith: /Could not find public function for 'q'/,
  },
  {
    file: "agent/src/mapping.test.ts",
    tests: ["infers correct mimeType for all test-assets"],
    reason: NOT_SHIPPED,
    failsWith: /ENOENT: no such file or directory.*test-assets/,
  },
];
