import type { CliContext } from "../context.js";
import { byDeploymentClock } from "../deployment/clock.js";
import { announceTarget, connect } from "../deployment/connect.js";
import { reportNothing } from "./report.js";
import { startAndFollow, type FollowOptions } from "./start.js";
import { expireCutoff } from "../../convex/sessionTracker/shared/settings.js";

export interface ExpireOptions extends FollowOptions {
  readonly reason?: string;
}

/** Expires idle sessions. Deletes nothing, so it asks nothing; readers already show them as expired. */
export async function expire(
  context: CliContext,
  options: ExpireOptions,
): Promise<void> {
  const connection = await connect(context, options);
  const { client } = connection;
  const [backlog, { idleTimeoutMs }] = await Promise.all([
    client.query("operator/status:backlog", {}),
    client.query("settings/settings:get", {}),
  ]);
  await announceTarget(context, connection);
  if (backlog.expire === 0) {
    const there = await byDeploymentClock(context, client);
    const cutoff = expireCutoff(idleTimeoutMs, there.now());
    return reportNothing(context, options, "expire", cutoff);
  }
  await startAndFollow(context, connection, options, {
    kind: "expire",
    reason: options.reason,
    // A count at its limit means that many or more.
    expected: backlog.expire < backlog.limit ? backlog.expire : undefined,
  });
}
