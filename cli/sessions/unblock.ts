import type { CliContext } from "../context.js";
import {
  announceTarget,
  connect,
  type GlobalOptions,
} from "../deployment/connect.js";
import { toSessionJson, type UnblockJson } from "../json/session.js";
import { note, print, printJson } from "../terminal/output.js";
import { foundBy, readSession, type IdOptions } from "./readSession.js";

/** Lifts the block of a session, which stays ended until the visitor's next sign of life. */
export async function unblock(
  context: CliContext,
  id: string,
  options: GlobalOptions & IdOptions,
): Promise<void> {
  const connection = await connect(context, options);
  const { client } = connection;
  const found = await readSession(client, id, options);
  const { sessionId, anonymousId } = found;
  await announceTarget(context, connection);
  note(context, foundBy(id, found));
  const { unblocked } = await client.mutation("visitors/block:lift", {
    session: { anonymousId },
    actor: context.actor,
  });
  if (options.json) {
    const { state } = toSessionJson(found);
    return printJson(context, {
      sessionId,
      anonymousId,
      unblocked,
      state,
    } satisfies UnblockJson);
  }
  print(context, `Session ${sessionId} is not blocked.`);
  if (!unblocked) note(context, "It was not before: nothing was changed.");
}
