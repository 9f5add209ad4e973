/** `log`: the audit log, in pages. */
import { AUDIT_WHATS } from "../../convex/sessionTracker/shared/audit.js";
import type { AuditWhat } from "../../convex/sessionTracker/shared/audit.js";
import { MAX_LISTED } from "../../convex/sessionTracker/shared/limits.js";
import type { CliContext } from "../context.js";
import type { Args, AuditEntry } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import { connect, type GlobalOptions } from "../deployment/connect.js";
import { CliError } from "../errors.js";
import { toAuditEntryJson, type LogJson } from "../json/log.js";
import {
  print,
  printJson,
  printJsonLine,
  widthOf,
} from "../terminal/output.js";
import { noteMore, readPages, type PageOptions } from "../terminal/pages.js";
import { readDuration } from "../time/time.js";
import { parseTime } from "../time/zonedTime.js";
import { logText } from "./text.js";

export interface LogOptions extends GlobalOptions, PageOptions {
  readonly what?: string;
  readonly since?: string;
  readonly jsonl?: boolean;
}

export async function showLog(
  context: CliContext,
  options: LogOptions,
): Promise<void> {
  // A mistyped kind or time is refused before anybody is asked for anything.
  const filter = {
    ...(options.what === undefined ? {} : { what: readKinds(options.what) }),
    ...(options.since === undefined ? {} : { since: readSince(options.since) }),
  };
  const { client } = await connect(context, options);
  const onPage = (entries: AuditEntry[]) => {
    if (!options.jsonl) return;
    for (const entry of entries) {
      printJsonLine(context, toAuditEntryJson(entry));
    }
  };
  const { rows: entries, cursor } = await readLog(
    client,
    filter,
    options,
    onPage,
  );
  if (options.json) {
    return printJson(context, {
      entries: entries.map(toAuditEntryJson),
      cursor,
    } satisfies LogJson);
  }
  if (!options.jsonl) {
    print(
      context,
      entries.length === 0
        ? "Nothing in the log."
        : logText(entries, widthOf(context)),
    );
  }
  noteMore(context, cursor);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

type Filter = Pick<Args<"operator/log:page">, "what" | "since">;

async function readLog(
  client: ComponentClient,
  filter: Filter,
  options: LogOptions,
  onPage: (entries: AuditEntry[]) => void,
) {
  return await readPages(
    options,
    MAX_LISTED,
    async (page) => {
      const { entries, cursor } = await client.query("operator/log:page", {
        ...filter,
        ...page,
      });
      return { rows: entries, cursor };
    },
    onPage,
  );
}

/** Reads kinds and groups of kinds, such as `run` for all that begin with `run.`. */
function readKinds(text: string): AuditWhat[] {
  const kinds = new Set<AuditWhat>();
  for (const name of text.split(",").map((part) => part.trim())) {
    const meant = AUDIT_WHATS.filter(
      (what) => what === name || what.startsWith(`${name}.`),
    );
    if (meant.length === 0) throw unknownKind(name);
    for (const what of meant) kinds.add(what);
  }
  return [...kinds];
}

function unknownKind(name: string): CliError {
  return new CliError(
    "usage",
    `--what ${JSON.stringify(name)} is nothing that the log has. It has ${AUDIT_WHATS.join(", ")}; what stands before a dot names all of these.`,
  );
}

function readSince(text: string): NonNullable<Filter["since"]> {
  const agoMs = readDuration(text);
  return agoMs === null ? parseTime(text, "--since") : { agoMs };
}
