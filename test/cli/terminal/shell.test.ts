/** Stored and typed texts of others, on their way to a terminal and back into a shell. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { dailySessions, NOW, setUpDeployment } from "../support/deployment.js";
import { endedPurge } from "../support/endedPurge.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";

const EVIL = "it's \u001b[31m\u0007mine";

async function setUpOld() {
  const deployment = setUpDeployment();
  await deployment.store(dailySessions(2, 30, () => ({ userId: EVIL })));
  return deployment;
}

test("forget prints no control character of a user's id, and quotes it for the shell", async () => {
  const { terminal } = await setUpOld();
  const { stdout, stderr, exitCode } = await terminal.run(
    ...["forget", "old-1", "--confirm", "old-1"],
  );
  expect(exitCode).toBe(0);
  expect(stdout).toContain("  user         it's \ufffd[31m\ufffdmine\n");
  expect(stderr).toContain(
    "`sessions-ops list --user 'it'\\''s \ufffd[31m\ufffdmine'`",
  );
  expect((stdout + stderr).replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
});

test("a run's error is printed without control characters", async () => {
  const { terminal, component } = await setUpOld();
  const runId = await endedPurge(component, NOW - 20 * DAY_MS, {
    status: "failed",
    errors: [{ at: NOW, message: EVIL }],
  });
  const { exitCode, stderr } = await terminal.run("runs", "watch", runId);
  expect(exitCode).toBe(3);
  expect(stderr).toContain("\ufffd[31m\ufffdmine");
  expect(stderr).not.toContain("\u001b");
});

test("a command with a path of several words can be pasted", async () => {
  const { terminal } = await setUpOld();
  terminal.loseAnswers("runs/archive:purgePage", 1_000, "not done");
  const { stderr } = await terminal.run(
    ...["purge", "--days", "20", "--yes", "--archive", "old ones.gz"],
  );
  const file = join(terminal.folder, "old ones.gz");
  expect(stderr).toMatch(/`sessions-ops runs resume \S+ --archive '/);
  expect(stderr).toContain(`--archive '${file}'\` goes on`);
  const again = await terminal.run(
    ...["purge", "--days", "20", "--yes", "--archive", "old ones.gz"],
  );
  expect(again.stderr).toContain(`--archive '${file}'\``);
});
