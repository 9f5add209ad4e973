/**
 * The deployments that keys of this account were sent to before. A file in a folder that somebody else
 * filled may name their server: a key goes to a new one only when the operator has named it, or says
 * so.
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { CliContext } from "../../context.js";
import { CliError, messageOf } from "../../errors.js";
import { note } from "../../terminal/output.js";
import type { Target } from "./target.js";

/**
 * Goes on where the key may be sent to the target. @throws unconfirmed, where nobody can be asked;
 * cancelled
 */
export async function checkKnown(
  context: CliContext,
  { json = false }: { json?: boolean },
  target: Target,
): Promise<void> {
  if (target.isVouchedFor) return;
  const pair = fingerprint(target);
  const known = readKnown(context);
  if (known.includes(pair)) return;
  const { url, source } = target;
  const isNamed = target.namedBy.url !== undefined;
  if (context.interactive && !json) {
    const question = `The key here (${source}) was never sent to ${url} from this account. Send it?`;
    if (!(await context.prompts.confirm(question))) {
      throw new CliError("cancelled", "Cancelled; nothing was sent.");
    }
  } else if (!isNamed) {
    throw new CliError(
      "unconfirmed",
      `Not confirmed: the key here (${source}) was never sent to ${url} from this account, and nobody can be asked here. Where that is meant, add --url ${url}.`,
    );
  }
  remember(context, [...known, pair]);
}

/** A hash of URL and key, which gives neither away. */
function fingerprint({ url, adminKey }: Target): string {
  return createHash("sha256")
    .update(`${url}\n${adminKey.reveal()}`)
    .digest("hex");
}

/** The file of known deployments; `null` where the account has no folder of its own. */
function fileOf({ env }: CliContext): string | null {
  const home = env["HOME"] || env["USERPROFILE"];
  const state =
    env["XDG_STATE_HOME"] || (home ? join(home, ".local", "state") : "");
  return state === "" ? null : join(state, "sessions-ops", "known-targets");
}

/** The fingerprints in the file, a line each. */
function readKnown(context: CliContext): string[] {
  const file = fileOf(context);
  if (file === null || !existsSync(file)) return [];
  try {
    return readFileSync(file, "utf8").split("\n").filter(Boolean);
  } catch (error) {
    note(context, `${file} cannot be read: ${messageOf(error)}`);
    return [];
  }
}

function remember(context: CliContext, known: string[]): void {
  const file = fileOf(context);
  if (file === null) return;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const part = `${file}.${process.pid}`;
    writeFileSync(part, `${known.join("\n")}\n`, { mode: 0o600, flag: "wx" });
    renameSync(part, file);
  } catch (error) {
    // The operator is asked again next time; the command itself goes on.
    note(context, `${file} cannot be written: ${messageOf(error)}`);
  }
}
