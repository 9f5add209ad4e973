/** What a run has still to do, counted by the deployment in the run's own order. */
import type { Returns, Run } from "./api.js";
import type { ComponentClient } from "./client.js";

export interface RunLeft {
  /** As far as its maximum lets it. */
  sessions: number;
  /** Those among them that the retention in force keeps. */
  kept: number;
  /** Of the settings in force. */
  revision: number;
}

export async function countLeft(
  client: ComponentClient,
  { runId, stopAt = Infinity, sessions: done }: Run,
): Promise<RunLeft> {
  const left = { sessions: 0, kept: 0, revision: 0 };
  let cursor: Returns<"previews:left">["cursor"] = null;
  do {
    const page: Returns<"previews:left"> = await client.query("previews:left", {
      ...{ runId, cursor },
    });
    left.sessions += page.sessions;
    left.kept += page.kept;
    left.revision = page.revision;
    cursor = page.cursor;
  } while (cursor !== null);
  const sessions = Math.min(left.sessions, Math.max(0, stopAt - done));
  // It takes the oldest first, and what is kept is the newest.
  const kept = Math.max(0, sessions - (left.sessions - left.kept));
  return { ...left, sessions, kept };
}

/** How many a run has done and will have done in all, for a progress bar. */
export async function countTotal(
  client: ComponentClient,
  run: Run,
): Promise<{ total: number; before: number }> {
  const { status, sessions, expected, stopAt = Infinity } = run;
  if (status !== "running") return { total: sessions, before: 0 };
  const total =
    expected === undefined
      ? sessions + (await countLeft(client, run)).sessions
      : Math.min(expected, stopAt);
  return { total, before: sessions };
}
