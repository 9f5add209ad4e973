import { MAX_LISTED } from "../../convex/sessionTracker/shared/limits.js";
import type { CliContext } from "../context.js";
import type { Returns } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import { confirmYes } from "../terminal/confirm.js";
import {
  announceTarget,
  connect,
  type GlobalOptions,
} from "../deployment/connect.js";
import { CliError, messageOf } from "../errors.js";
import { note, print, printJson, widthOf } from "../terminal/output.js";
import { countOf } from "../terminal/words.js";
import { printable } from "../terminal/printable.js";
import { formatTable } from "../terminal/table.js";
import { formatTime } from "../time/time.js";
import {
  toFailureJson,
  toHookDebtJson,
  type HookDebtJson,
  type HooksClearJson,
  type HooksSettleJson,
  type HooksJson,
  type HooksRetryJson,
} from "../json/hooks.js";
import type { HookName } from "../../convex/sessionTracker/shared/hooks.js";

export interface HooksOptions extends GlobalOptions {
  readonly limit: number;
}

export interface HooksClearOptions extends GlobalOptions {
  readonly yes?: boolean;
  readonly reason?: string;
}

/** Lists the app's hooks, whether each answers, and what they owe to people who were erased. */
export async function listHooks(
  context: CliContext,
  options: HooksOptions,
): Promise<void> {
  const { client } = await connect(context, options);
  const hooks = await checkedHooks(client);
  const { debts, isAll } = await readDebts(client, options.limit);
  if (options.json) {
    return printJson(context, {
      hooks: hooks.map(({ name, handle, error, failure }) => ({
        name,
        handle,
        answers: error === null,
        error,
        failure: toFailureJson(failure),
      })),
      debts: debts.map(toHookDebtJson),
      isAll,
    } satisfies HooksJson);
  }
  print(context, hooksText(hooks, debts, widthOf(context)));
  if (!isAll) note(context, "More are owed: list them with a larger --limit.");
  if (debts.length > 0) {
    note(
      context,
      "`sessions-ops hooks retry` calls the hooks for these again; `sessions-ops hooks settle DEBT` strikes one out that was done by hand.",
    );
  }
}

/** Calls each hook for its debts, one call and transaction each. */
export async function retryHooks(
  context: CliContext,
  options: GlobalOptions,
): Promise<void> {
  const connection = await connect(context, options);
  const { client } = connection;
  await announceTarget(context, connection);
  const { debts } = await readDebts(client, Infinity);
  const failed: HookDebtJson[] = [];
  for (const debt of debts) {
    const error = await retryOne(client, debt);
    if (error !== null) failed.push({ ...toHookDebtJson(debt), error });
  }
  const paid = debts.length - failed.length;
  if (options.json) {
    printJson(context, { paid, failed } satisfies HooksRetryJson);
  } else {
    print(
      context,
      debts.length === 0
        ? "Nothing is owed."
        : `Done for ${countOf(paid, "erased session")}; ${failed.length === 0 ? "nothing is owed any more" : `still owed for ${failed.length}`}.`,
    );
  }
  const [first] = failed;
  if (first === undefined) return;
  throw new CliError(
    "failure",
    `The hook failed for ${countOf(failed.length, "erased session")}, the first of which is ${first.sessionId}: ${printable(first.error)}`,
  );
}

/** Removes hooks, which nothing calls any more: those named, or all. */
export async function clearHooks(
  context: CliContext,
  named: HookName[],
  { reason, ...options }: HooksClearOptions,
): Promise<void> {
  const connection = await connect(context, options);
  const { client } = connection;
  await announceTarget(context, connection);
  const hooks = await client.query("operator/hooks:list", {});
  const names = hooks
    .map(({ name }) => name)
    .filter((name) => named.length === 0 || named.includes(name));
  if (names.length > 0) {
    await confirmYes(
      context,
      options,
      `This removes the ${hooksOf(names)}: the app hears of nothing through ${names.length === 1 ? "it" : "them"} any more until it sets hooks again (setSessionHooks). Go on?`,
    );
    await client.mutation("operator/hooks:clear", {
      names,
      actor: context.actor,
      ...(reason === undefined ? {} : { reason }),
    });
  }
  if (options.json) {
    return printJson(context, { cleared: names } satisfies HooksClearJson);
  }
  const none =
    named.length === 0
      ? "No hooks are set."
      : `There is no ${hooksOf(named, "or")}.`;
  print(context, names.length === 0 ? none : `Removed the ${hooksOf(names)}.`);
}

/** Strikes out a debt that was settled by hand. */
export async function settleHook(
  context: CliContext,
  debtId: string,
  options: GlobalOptions,
): Promise<void> {
  const connection = await connect(context, options);
  await announceTarget(context, connection);
  const { settled } = await connection.client.mutation(
    "operator/hooks:settle",
    {
      debtId,
    },
  );
  if (!settled) {
    throw new CliError(
      "failure",
      `There is no debt ${JSON.stringify(debtId)}: it was paid or struck out, or the id is another's. \`sessions-ops hooks\` lists what is owed.`,
    );
  }
  if (options.json) {
    return printJson(context, { done: true } satisfies HooksSettleJson);
  }
  print(context, `Struck out ${debtId}.`);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

type Hook = Awaited<ReturnType<typeof checkedHooks>>[number];
type Debt = Returns<"operator/hooks:debts">["debts"][number];

/** The hooks, whether each answers now, and whether it has failed for visitors. */
async function checkedHooks(client: ComponentClient) {
  const hooks = await client.query("operator/hooks:list", {});
  const checked = await client.mutation("operator/hooks:check", {});
  return checked.map((hook) => {
    const { failure = null } =
      hooks.find(({ name }) => name === hook.name) ?? {};
    return { ...hook, failure };
  });
}

/** `hook onEnded`, `hooks onStarted and onEnded`. */
function hooksOf(names: HookName[], word: "and" | "or" = "and"): string {
  const [last = "", ...others] = names.toReversed();
  const list =
    others.length === 0
      ? last
      : `${others.toReversed().join(", ")} ${word} ${last}`;
  return `hook${names.length > 1 && word === "and" ? "s" : ""} ${list}`;
}

async function readDebts(
  client: ComponentClient,
  limit: number,
): Promise<{ debts: Debt[]; isAll: boolean }> {
  const debts: Debt[] = [];
  let cursor: string | null = null;
  do {
    const page: Returns<"operator/hooks:debts"> = await client.query(
      "operator/hooks:debts",
      {
        limit: Math.min(MAX_LISTED, limit - debts.length),
        cursor,
      },
    );
    debts.push(...page.debts);
    cursor = page.cursor;
  } while (cursor !== null && debts.length < limit);
  return { debts, isAll: cursor === null };
}

/** Retries one debt. A hook that runs out of time fails the call itself, and still owes it. */
async function retryOne(
  client: ComponentClient,
  { debtId }: Debt,
): Promise<string | null> {
  try {
    return (await client.mutation("operator/hooks:retry", { debtId })).error;
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== "failure") throw error;
    return messageOf(error);
  }
}

function hooksText(hooks: Hook[], debts: Debt[], width?: number): string {
  const set =
    hooks.length === 0
      ? "No hooks are set."
      : hooks
          .flatMap(({ name, handle, error, failure }) => [
            `${name}  ${printable(handle)}  ${error === null ? "answers" : `FAILS: ${printable(error)}`}`,
            ...(failure === null
              ? []
              : [
                  `   failed for visitors, last ${formatTime(failure.at)}: ${printable(failure.error)}`,
                ]),
          ])
          .join("\n");
  if (debts.length === 0) return `${set}\nNothing is owed.`;
  const owed = formatTable(
    ["DEBT", "HOOK", "ERASED SESSION", "ERASED", "ERROR"],
    debts.map(({ debtId, hook, sessionId, erasedAt, error }) => [
      debtId,
      hook,
      sessionId,
      formatTime(erasedAt),
      error,
    ]),
    width,
  );
  return `${set}\n\n${owed}`;
}
