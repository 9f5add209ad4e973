/**
 * A run that is under way when its policy changes: it goes on, and the operator is told so, with the
 * way to stop it.
 */
import type { CliContext } from "../context.js";
import { toGoesOnJson, type GoesOnJson } from "../json/run.js";
import type { Run } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import { byDeploymentClock } from "../deployment/clock.js";
import { canAsk } from "../terminal/confirm.js";
import type { Connection } from "../deployment/connect.js";
import { note } from "../terminal/output.js";
import { countOf, formatNumber, retentionText } from "../terminal/words.js";
import { printable } from "../terminal/printable.js";
import { formatTime } from "../time/time.js";
import { ownCutoffs } from "../../convex/sessionTracker/shared/runs/run.js";
import type { RunKind } from "../../convex/sessionTracker/shared/runs/kinds.js";
import { cancelCommand, resumeCommand } from "./advice.js";
import { countLeft } from "./countLeft.js";
import { byRetentionText } from "./kinds.js";
import { countLeftByAge, type LeftByAge } from "./leftByAge.js";

export interface GoesOnOptions {
  /** Asks nothing. */
  readonly yes?: boolean;
  /** Cancels the run without a question. */
  readonly cancelRun?: boolean;
  readonly reason?: string;
}

interface Change {
  kind: RunKind;
  /** The change that was made, as the end of a sentence. */
  what: string;
  /** Speaks of the run only where it takes what is kept by now. */
  onlyKept?: boolean;
}

/**
 * Says which run of the kind goes on after a change, and what it still takes; offers to cancel it.
 * @returns `undefined` where none goes on
 */
export async function tellWhatGoesOn(
  context: CliContext,
  { client, options: { json = false } }: Connection,
  options: GoesOnOptions,
  { kind, what, onlyKept = false }: Change,
): Promise<GoesOnJson | undefined> {
  const { runs, settings } = await client.query("operator/status:get", {});
  const run = runs.find((one) => one.status === "running" && one.kind === kind);
  if (run === undefined) return undefined;
  const left = await countLeft(client, run);
  const there = await byDeploymentClock(context, client);
  const byAge = await countLeftByAge(
    client,
    run,
    left,
    ownCutoffs(settings, there.now()),
  );
  const keptByAge = byAge.kept.visits + byAge.kept.actions;
  if (onlyKept && left.kept + keptByAge === 0) return undefined;
  const kept =
    left.kept === 0
      ? ""
      : `, ${formatNumber(left.kept)} of which the retention (${retentionText(settings.retentionDays)}) keeps`;
  note(
    context,
    printable(
      `Run ${run.runId} (${kind}, started ${formatTime(run.startedAt)} by ${run.actor}) goes on with its cutoff, last active before ${formatTime(run.cutoff)}, though ${what}. It still ${kind === "purge" ? "deletes" : "expires"} ${countOf(left.sessions, "session")}${kept}${byAgeText(run, byAge)}.`,
    ),
  );
  const isCanceled = await offerCancel(context, client, run, {
    ...options,
    json,
    what,
  });
  return toGoesOnJson(run, left, byAge, isCanceled);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function byAgeText({ cutoffs }: Run, { left, kept }: LeftByAge): string {
  if (cutoffs === undefined) return "";
  const ofThese =
    kept.visits + kept.actions === 0
      ? ""
      : `, of which their retention keeps ${byRetentionText(kept)}`;
  return `, and of sessions that stay ${byRetentionText(left)}${ofThese}`;
}

async function offerCancel(
  context: CliContext,
  client: ComponentClient,
  run: Run,
  {
    yes,
    cancelRun,
    reason,
    json,
    what,
  }: GoesOnOptions & {
    json: boolean;
    what: string;
  },
): Promise<boolean> {
  const { runId } = run;
  const isMeant =
    cancelRun === true ||
    (yes !== true &&
      canAsk(context, { json }) &&
      (await context.prompts.confirm(
        `Cancel run ${runId} before its next page?`,
      )));
  if (!isMeant) {
    note(
      context,
      `\`${cancelCommand(run)}\` stops it before its next page; what it has done stays done.`,
    );
    return false;
  }
  const { canceled } = await client.mutation("runs/control:cancel", {
    runId,
    actor: context.actor,
    reason: reason ?? what,
  });
  note(
    context,
    canceled
      ? `Run ${runId} is canceled; what it has done stays done. \`${resumeCommand(run)}\` goes on where it stopped.`
      : `Run ${runId} has ended meanwhile.`,
  );
  return canceled;
}
