import { randomUUID } from "node:crypto";
import type { CliContext } from "../context.js";
import { byDeploymentClock } from "../deployment/clock.js";
import {
  announceTarget,
  connect,
  type Connection,
  type GlobalOptions,
} from "../deployment/connect.js";
import { CliError } from "../errors.js";
import { checkSource, readRows } from "./import/check.js";
import { confirmOlder } from "./older.js";
import type { TimeUnit } from "./import/fields.js";
import { openSource } from "./import/source.js";
import type { Source } from "./import/textLines.js";
import { sendAll } from "./import/sendAll.js";
import type { SendOptions } from "./import/sendBatches.js";
import { sendDays } from "./import/sendDays.js";
import { untilInterrupted } from "../terminal/interrupt.js";
import { print, printJson } from "../terminal/output.js";
import { countOf, formatNumber } from "../terminal/words.js";
import type { ImportJson } from "../json/transfer.js";
import { purgeCutoff } from "../../convex/sessionTracker/shared/settings.js";

export interface ImportOptions extends GlobalOptions {
  readonly skipInvalid?: boolean;
  readonly fromLine: number;
  readonly table?: string;
  readonly times?: TimeUnit;
  readonly yes?: boolean;
  readonly reason?: string;
  readonly restoreErased?: boolean;
}

export async function importFile(
  context: CliContext,
  file: string,
  options: ImportOptions,
): Promise<void> {
  const by = whoRestores(context, options);
  const connection = await connect(context, options);
  const source = await openSource(context, file, {
    table: options.table,
    component: connection.client.component,
    isComponentNamed: options.component !== undefined,
  });
  try {
    const result = await importSource(context, connection, source, options, by);
    if (options.json) printJson(context, result);
    else print(context, summary(result));
  } finally {
    await source.close();
  }
}

/** Reads the source once to check it, asks the operator, then reads it again to send it. */
async function importSource(
  context: CliContext,
  connection: Connection,
  source: Source,
  options: ImportOptions,
  restoreErased: SendOptions["restoreErased"],
): Promise<ImportJson> {
  const { client } = connection;
  const { retentionDays } = await client.query("settings/settings:get", {});
  const now = (await byDeploymentClock(context, client)).now();
  const { fromLine, times } = options;
  const reading = { fromLine, now, times };
  const cutoff = purgeCutoff(retentionDays, now);
  const checked = await checkSource(context, source, { ...reading, cutoff });
  if (checked.invalid > 0 && !options.skipInvalid) {
    throw new CliError(
      "failure",
      `${countOf(checked.invalid, "line")} cannot be imported, so nothing was. Correct them, or pass --skip-invalid to import the other ${formatNumber(checked.rows)}.`,
    );
  }
  await announceTarget(context, connection);
  await confirmOlder(context, client, options, checked, retentionDays);
  const audited = {
    importId: randomUUID(),
    actor: context.actor,
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    rows: checked.rows,
  };
  await client.mutation("operator/log:importStarted", audited, {
    repeatable: true,
  });
  const { days, counts, refused } = await untilInterrupted(
    context,
    client,
    async (interrupted) => ({
      days: await sendDays(client, [...checked.days.values()], interrupted),
      ...(await sendAll(context, client, readRows(source, reading), {
        ...(options.json ? { json: true } : {}),
        ...(options.skipInvalid ? { skipInvalid: true } : {}),
        interrupted,
        total: checked.rows,
        ...(restoreErased === undefined ? {} : { restoreErased }),
      })),
    }),
  );
  const { importId, actor } = audited;
  await client.mutation(
    "operator/log:importFinished",
    { importId, actor, counts: { ...counts, days: days.changed } },
    { repeatable: true },
  );
  return {
    rows: checked.rows - refused,
    ...counts,
    days,
    invalid: checked.invalid + refused,
    olderThanRetention: checked.older,
  };
}

/** @throws usage, where nobody says why those who were forgotten are brought back */
function whoRestores(
  { actor }: CliContext,
  { restoreErased, reason }: ImportOptions,
): SendOptions["restoreErased"] {
  if (!restoreErased) return undefined;
  if (reason !== undefined) return { actor, reason };
  throw new CliError(
    "usage",
    "--restore-erased brings back people who were forgotten: say why with --reason, which the audit log keeps.",
  );
}

function summary(result: ImportJson): string {
  const outcomes = (["created", "merged", "unchanged", "erased"] as const)
    .filter((outcome) => outcome !== "erased" || result.erased > 0)
    .map((outcome) => `${formatNumber(result[outcome])} ${outcome}`)
    .join(", ");
  const skipped =
    result.invalid === 0
      ? ""
      : `; ${countOf(result.invalid, "invalid line")} skipped`;
  const { changed, unchanged } = result.days;
  const days =
    changed + unchanged === 0
      ? ""
      : `; figures of ${countOf(changed + unchanged, "day")}, ${formatNumber(changed)} raised`;
  const visits =
    result.visits === 0 ? "" : `${countOf(result.visits, "visit")} and `;
  return `Imported ${countOf(result.rows, "row")}: ${outcomes}; ${visits}${countOf(result.actions, "action")} added${days}${skipped}.`;
}
