import type { CliContext } from "../context.js";
import {
  announceTarget,
  connect,
  type GlobalOptions,
} from "../deployment/connect.js";
import { note, print, printJson } from "../terminal/output.js";
import { foundBy, readSession, type IdOptions } from "./readSession.js";
import { toSessionJson, type EndJson } from "../json/session.js";

export interface EndOptions extends GlobalOptions, IdOptions {
  readonly reason?: string;
}

/** Ends a visit now. Deletes nothing; a later sign of life starts the next visit. */
export async function end(
  context: CliContext,
  id: string,
  options: EndOptions,
): Promise<void> {
  const connection = await connect(context, options);
  const { client } = connection;
  const found = await readSession(client, id, options);
  const { anonymousId, sessionId } = found;
  await announceTarget(context, connection);
  note(context, foundBy(id, found));
  const { ended } = await client.mutation("visitors/end:visit", {
    anonymousId,
    reason: options.reason ?? context.actor,
  });
  const { state } = toSessionJson(
    await readSession(client, sessionId, { sessionId: true }),
  );
  if (options.json) {
    return printJson(context, {
      sessionId,
      anonymousId,
      ended,
      state,
    } satisfies EndJson);
  }
  print(context, `Session ${sessionId} is ${state}.`);
  if (!ended) note(context, "It was before: nothing was changed.");
}
