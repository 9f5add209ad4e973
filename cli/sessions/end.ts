import type { CliContext } from "../context.js";
import type { Args } from "../deployment/api.js";
import { announceTarget, connect } from "../deployment/connect.js";
import { CliError } from "../errors.js";
import {
  blockedUntilJson,
  toSessionJson,
  type EndJson,
} from "../json/session.js";
import { note, print, printJson } from "../terminal/output.js";
import { shellCommand } from "../terminal/shell.js";
import { blockedText } from "./blocked.js";
import { readDuration } from "../time/time.js";
import { checkOne } from "../many/asked.js";
import type { ManyOptions } from "../many/takeMany.js";
import { foundBy, readSession } from "./readSession.js";

export interface EndOptions extends ManyOptions {
  readonly block?: string;
}

/** Ends a session, or without an id all that the options name. */
export async function end(
  context: CliContext,
  id: string | undefined,
  options: EndOptions,
): Promise<void> {
  // A mistyped time is refused before anybody is asked for anything.
  const block =
    options.block === undefined ? {} : { block: parseBlock(options.block) };
  if (id !== undefined) return await endOne(context, id, options, block);
  const { takeMany } = await import("../many/takeMany.js");
  await takeMany(context, { kind: "end", ...block }, options);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/**
 * Ends a visit now. Deletes nothing; a later sign of life starts the next visit, once the block is over where
 * there is one.
 */
async function endOne(
  context: CliContext,
  id: string,
  options: EndOptions,
  block: { block?: Block },
): Promise<void> {
  checkOne(options);
  const connection = await connect(context, options);
  const { client } = connection;
  const found = await readSession(client, id, options);
  const { anonymousId, sessionId } = found;
  await announceTarget(context, connection);
  note(context, foundBy(id, found));
  const { ended, blockedUntil } = await client.mutation("visitors/block:end", {
    session: { anonymousId },
    reason: options.reason ?? context.actor,
    ...block,
    actor: context.actor,
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
      blockedUntil:
        blockedUntil === null ? null : blockedUntilJson(blockedUntil),
    } satisfies EndJson);
  }
  if (blockedUntil === null) {
    print(context, `Session ${sessionId} is ${state}.`);
  } else {
    const until = blockedText(blockedUntilJson(blockedUntil));
    print(context, `Session ${sessionId} is ${state} and blocked ${until}.`);
    const command = shellCommand("sessions-ops", "unblock", sessionId);
    note(context, `\`${command}\` lets the visitor come back.`);
  }
  if (!ended && options.block === undefined) {
    note(context, "It was before: nothing was changed.");
  }
}

type Block = NonNullable<Args<"visitors/block:end">["block"]>;

function parseBlock(text: string): Block {
  if (text === "forever") return text;
  const forMs = readDuration(text);
  if (forMs !== null && forMs > 0) return { forMs };
  throw new CliError(
    "usage",
    `--block ${JSON.stringify(text)} is no duration. Give 45m, 24h or 30d, or forever.`,
  );
}
