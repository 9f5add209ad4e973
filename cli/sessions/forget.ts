import { MAX_LISTED } from "../../convex/sessionTracker/shared/limits.js";
import type { CliContext } from "../context.js";
import type { Returns } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import { confirmName } from "../terminal/confirm.js";
import { announceTarget, connect } from "../deployment/connect.js";
import {
  toSessionJson,
  type ForgetJson,
  type SessionJson,
} from "../json/session.js";
import { toTargetJson } from "../json/target.js";
import { CliError, mayBeDone } from "../errors.js";
import { refusalData } from "../deployment/failures.js";
import { untilInterrupted } from "../terminal/interrupt.js";
import { note, print, printJson } from "../terminal/output.js";
import { countOf } from "../terminal/words.js";
import { checkOne } from "../many/asked.js";
import type { ManyOptions } from "../many/takeMany.js";
import type { ArchiveOptions } from "../purges/archiveOptions.js";
import { foundBy, readSession } from "./readSession.js";
import { shellCommand } from "../terminal/shell.js";
import { printable } from "../terminal/printable.js";
import { formatTime, iso } from "../time/time.js";

export type ForgetOptions = ManyOptions & ArchiveOptions;

/** Erases a visitor, or without an id all that the options name. */
export async function forget(
  context: CliContext,
  id: string | undefined,
  options: ForgetOptions,
): Promise<void> {
  if (id !== undefined) return await forgetOne(context, id, options);
  const { takeMany } = await import("../many/takeMany.js");
  await takeMany(context, { kind: "forget" }, options);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Erases one visitor for good, waits until everything they did is gone, and prints a receipt. */
async function forgetOne(
  context: CliContext,
  id: string,
  options: ForgetOptions,
): Promise<void> {
  const { confirm, ...others } = options;
  checkOne(others);
  const connection = await connect(context, options);
  const { client } = connection;
  const found = await readSession(client, id, options);
  const session = toSessionJson(found);
  const { sessionId, anonymousId, userId } = session;
  await announceTarget(context, connection);
  note(
    context,
    `${foundBy(id, found)} Session ${sessionId}, anonymousId ${anonymousId}: created ${session.createdAt}, last active ${session.lastActive}, ${countOf(session.actions, "action")}.`,
  );
  await noteOthers(context, client, sessionId, userId);
  await confirmName(context, options, {
    given: confirm,
    name: id,
    question: `This erases the visitor and everything they did, for good. Type ${id} to go on:`,
    flags: shellCommand("--confirm", id),
  });
  const { erased, actions, told } = await erase(
    context,
    client,
    session,
    options.reason,
  );
  if (!erased) {
    throw new CliError(
      "failure",
      `Session ${sessionId} was gone before it could be erased: purged, or forgotten by somebody else. Its actions are gone with it.`,
    );
  }
  await untilGone(context, client, sessionId);
  const receipt: ForgetJson = {
    sessionId,
    anonymousId,
    ...(userId === undefined ? {} : { userId }),
    actions,
    erasedAt: iso(context.now()),
    actor: context.actor,
    target: toTargetJson(connection),
    ...(told === null ? {} : { hook: { name: told.hook, error: told.error } }),
  };
  if (options.json) printJson(context, receipt);
  else print(context, receiptText(receipt));
  if (told !== null && told.error !== null) {
    note(
      context,
      `The app's own rows of this visitor may still be there: the hook ${told.hook} failed, and what it owes is kept. \`sessions-ops hooks\` shows it, \`sessions-ops hooks retry\` calls it again.`,
    );
  }
}

/** Says how many other sessions the same person has, who may have come with other browsers. */
async function noteOthers(
  context: CliContext,
  client: ComponentClient,
  sessionId: string,
  userId: string | undefined,
): Promise<void> {
  if (userId === undefined) return;
  const { count, isAll } = await countOthers(client, sessionId, userId);
  if (count === 0) return;
  const atLeast = isAll ? "" : "at least ";
  note(
    context,
    `User ${printable(userId)} has ${atLeast}${countOf(count, "other session")}, which stay: \`${shellCommand("sessions-ops", "list", "--user", userId)}\` shows them, \`${shellCommand("sessions-ops", "forget", "--user", userId)}\` erases them all.`,
  );
}

/** The most pages counted, a call each: enough for any person, and soon done for a shared id. */
const PAGES_COUNTED = 5;

async function countOthers(
  client: ComponentClient,
  sessionId: string,
  userId: string,
): Promise<{ count: number; isAll: boolean }> {
  let count = 0;
  let cursor: string | null = null;
  for (let pages = 0; pages < PAGES_COUNTED; pages += 1) {
    const page: Returns<"operator/search:page"> = await client.query(
      "operator/search:page",
      {
        filter: { userId },
        sort: "created",
        order: "desc",
        limit: MAX_LISTED,
        cursor,
      },
    );
    const others = page.sessions.filter((row) => row.sessionId !== sessionId);
    count += others.length;
    cursor = page.cursor;
    if (cursor === null) return { count, isAll: true };
  }
  return { count, isAll: false };
}

/**
 * Erases the session. Where the answer is lost, the deployment is asked whether the session is gone,
 * and if not, to erase it once more. @throws the error that lost the answer, where it cannot be asked
 */
async function erase(
  context: CliContext,
  client: ComponentClient,
  { sessionId, anonymousId, actions }: SessionJson,
  reason: string | undefined,
): Promise<Omit<Returns<"visitors/forget:visitor">, "sessionId">> {
  const ask = (hookUnable?: string) =>
    client.mutation("visitors/forget:visitor", {
      anonymousId,
      actor: context.actor,
      ...(reason === undefined ? {} : { reason }),
      ...(hookUnable === undefined ? {} : { hookUnable }),
    });
  try {
    return await ask();
  } catch (error) {
    // A hook that runs out of time takes the erasure with it; then the erasure goes without it, and the
    // hook owes its call.
    if (hasFailed(error)) return await ask(error.message);
    if (!mayBeDone(error)) throw error;
    const found = await client
      .query("operator/show:get", { id: sessionId, kind: "sessionId" })
      .catch((): never => {
        throw error;
      });
    if (found !== null) {
      const again = await ask();
      if (again.erased) return again;
    }
    note(
      context,
      "The answer to the erasure was lost, and the session is gone: the receipt has the actions that were counted before it.",
    );
    return { erased: true, actions, told: null };
  }
}

/** Whether the function itself failed, and said nothing of its own. */
function hasFailed(error: unknown): error is CliError {
  return (
    error instanceof CliError &&
    error.code === "failure" &&
    refusalData(error) === null
  );
}

const POLL_MS = 250;

/** Deletes the actions in transactions of their own, as many in each as limits allow. */
function untilGone(
  context: CliContext,
  client: ComponentClient,
  sessionId: string,
): Promise<void> {
  return untilInterrupted(context, client, async (interrupted) => {
    const detached = new CliError(
      "cancelled",
      `Detached. The session is erased and its actions go on being erased; no receipt was printed.`,
    );
    const isThere = () =>
      hasActions(client, sessionId).catch((error: unknown): never => {
        throw interrupted.aborted ? detached : error;
      });
    while (await isThere()) {
      await context.sleep(POLL_MS, interrupted);
      if (interrupted.aborted) throw detached;
    }
  });
}

async function hasActions(
  client: ComponentClient,
  sessionId: string,
): Promise<boolean> {
  const { actions } = await client.query("operator/show:timeline", {
    sessionId,
    limit: 1,
  });
  return actions.length > 0;
}

function receiptText(receipt: ForgetJson): string {
  return [
    "Erased for good:",
    `  session      ${receipt.sessionId}`,
    `  anonymousId  ${receipt.anonymousId}`,
    ...(receipt.userId === undefined
      ? []
      : [`  user         ${printable(receipt.userId)}`]),
    `  actions      ${receipt.actions}`,
    ...(receipt.hook === undefined
      ? []
      : [`  hook         ${hookText(receipt.hook)}`]),
    `  at           ${formatTime(Date.parse(receipt.erasedAt))}`,
    `  by           ${receipt.actor}`,
    `  from         ${receipt.target.url}`,
  ].join("\n");
}

function hookText({ name, error }: NonNullable<ForgetJson["hook"]>): string {
  return error === null
    ? `${name} has done its part`
    : printable(`${name} failed, and is owed: ${error}`);
}
