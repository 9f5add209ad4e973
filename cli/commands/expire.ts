import type { CliContext } from "../context.js";
import { announceTarget, connect } from "../lib/connect.js";
import { startAndFollow, type FollowOptions } from "../lib/runs.js";

export interface ExpireOptions extends FollowOptions {
  readonly reason?: string;
}

/** Deletes nothing, so it asks nothing; readers already show idle sessions as expired. */
export async function expire(
  context: CliContext,
  options: ExpireOptions,
): Promise<void> {
  const connection = await connect(context, options);
  const backlog = await connection.client.query("stats:backlog", {});
  announceTarget(context, connection);
  await startAndFollow(context, connection, options, {
    kind: "expire",
    reason: options.reason,
    expected: backlog.expire,
  });
}
