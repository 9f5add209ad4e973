/** Following a run to its end, whoever started it. */
import type { CliContext } from "../context.js";
import type { Run } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import { byDeploymentClock } from "../deployment/clock.js";
import { CliError, isUnreachable } from "../errors.js";
import { canAsk } from "../terminal/confirm.js";
import { note } from "../terminal/output.js";
import { adviceText } from "../terminal/words.js";
import { startProgress, type Progress } from "../terminal/progressBar.js";
import { adviceFor, stoodStillMs } from "./advice.js";
import { countTotal } from "./countLeft.js";
import { howToFollow } from "./report.js";
import { WATCHDOG_LATE_MS } from "../../convex/sessionTracker/shared/times.js";

const POLL_MS = 250;

interface FollowOptions {
  readonly interrupted: AbortSignal;
  readonly json?: boolean;
  /**
   * Leaves a run to itself that waits for its window, unless somebody at a terminal sees what is waited for: a
   * program would stand still for up to a day. @default false
   */
  readonly mayLeave?: boolean;
}

/**
 * Polls a run until it ends. Ctrl-C detaches; it never stops the run.
 * @returns the run, which is still running where it was left to itself
 * @throws failure where the run has stood still for so long that nothing seems to move it any more
 */
export async function follow(
  context: CliContext,
  client: ComponentClient,
  runId: string,
  { interrupted, json = false, mayLeave = false }: FollowOptions,
): Promise<Run> {
  const ask = asked(runId, interrupted);
  const there = await ask(() => byDeploymentClock(context, client));
  const first = await ask(() => readRun(client, runId));
  const progress = await showProgress(context, json, () =>
    ask(() => countTotal(client, first)),
  );
  const tell = teller(there);
  const leavesWaiting = mayLeave && !canAsk(context, { json });
  try {
    for (let run = first; ; run = await ask(() => readRun(client, runId))) {
      progress.update(run.sessions, run.ratePerSecond);
      if (run.status !== "running") return run;
      if (leavesWaiting && (run.waitingUntil ?? 0) > there.now()) return run;
      tell(run);
      await context.sleep(POLL_MS, interrupted);
      if (interrupted.aborted) throw detached(run);
    }
  } finally {
    progress.stop();
  }
}

export async function readRun(
  client: ComponentClient,
  runId: string,
): Promise<Run> {
  const run = await client.query("runs/ledger:get", { runId });
  if (run) return run;
  throw new CliError(
    "failure",
    `There is no run ${JSON.stringify(runId)}. \`sessions-ops runs list\` shows those there are; finished ones are trimmed after a while.`,
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/**
 * Asks the deployment. One that restarts in the middle of a run is back within seconds, and so is
 * the run.
 */
function asked(runId: string, interrupted: AbortSignal) {
  return async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
    try {
      return await ask();
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      if (interrupted.aborted) throw detached({ runId });
      throw new CliError(
        "unreachable",
        `${error.message}\nThe run goes on without this command; see it with \`sessions-ops runs watch ${runId}\`.`,
        { cause: error },
      );
    }
  };
}

/** Shows how far the run is, and counts only where somebody sees it. */
async function showProgress(
  context: CliContext,
  json: boolean,
  count: () => Promise<{ total: number; before: number }>,
): Promise<Progress> {
  const enabled = !json && Boolean(context.stderr.isTTY);
  const sessions = enabled ? await count() : { total: 0, before: 0 };
  return await startProgress(context, {
    ...sessions,
    unit: "sessions",
    enabled,
  });
}

/** Says once that a run waits for its window or stands still, and ends the wait for a run that nothing moves any more. */
function teller(context: CliContext): (run: Run) => void {
  let isSaid = false;
  let waitedUntil: number | undefined;
  return (run) => {
    const { waitingUntil } = run;
    if (waitingUntil !== undefined && waitingUntil !== waitedUntil) {
      note(
        context,
        `${howToFollow(run)} Until then this command waits too; Ctrl-C ends the wait, and not the run.`,
      );
    }
    waitedUntil = waitingUntil;
    const now = context.now();
    const advice = adviceFor(run, now);
    if (advice === null) {
      isSaid = false;
      return;
    }
    const text = adviceText(advice);
    // The watchdog moves a run without an archive when it comes.
    const isLost =
      run.archiveFile !== undefined ||
      (stoodStillMs(run, now) ?? 0) > WATCHDOG_LATE_MS;
    if (isLost) throw new CliError("failure", text);
    if (!isSaid) note(context, text);
    isSaid = true;
  };
}

function detached(run: Pick<Run, "runId" | "archiveFile">): CliError {
  return new CliError("cancelled", `Detached. ${howToFollow(run)}`);
}
