import type { CliContext } from "../context.js";
import {
  announceTarget,
  connect,
  sayTarget,
  type GlobalOptions,
} from "../deployment/connect.js";
import { examine } from "./examine.js";
import { CliError } from "../errors.js";
import { colorsFor, print, printJson, widthOf } from "../terminal/output.js";
import { wrap } from "../terminal/wrap.js";
import { countOf } from "../terminal/words.js";
import { printable } from "../terminal/printable.js";
import type { DoctorJson, FindingJson } from "../json/doctor.js";

export interface DoctorOptions extends GlobalOptions {
  readonly deep?: boolean;
  readonly fix?: boolean;
}

/** Runs all checks, even where one has found something wrong, and says what to do about each finding. */
export async function doctor(
  context: CliContext,
  options: DoctorOptions,
): Promise<void> {
  const connection = await connect(context, options);
  // Without --fix the command changes nothing, so only its target is said.
  if (options.fix) await announceTarget(context, connection);
  else sayTarget(context, connection);
  const { findings: found, cause } = await examine(
    context,
    connection,
    options,
  );
  const findings = found.map((finding) => completed(context, finding));
  const problems = findings.filter(({ result }) => result === "problem");
  const healthy = problems.length === 0;
  if (options.json) {
    printJson(context, { healthy, findings } satisfies DoctorJson);
  } else {
    print(
      context,
      findings.map((finding) => findingText(context, finding)).join("\n"),
    );
  }
  if (healthy) return;
  throw new CliError(
    cause?.code ?? "failure",
    `${countOf(problems.length, "problem")} found: ${problems.map(({ check }) => check).join(", ")}.`,
  );
}

/** The finding with commands that reach its deployment. */
export function completed(
  { commands }: CliContext,
  { message, remedy, ...finding }: FindingJson,
): FindingJson {
  return {
    ...finding,
    message: commands.complete(message),
    ...(remedy === undefined ? {} : { remedy: commands.complete(remedy) }),
  };
}

const LABELS = {
  ok: "ok",
  fixed: "fixed",
  warning: "warning",
  problem: "PROBLEM",
  skipped: "skipped",
} as const;

export function findingText(
  context: CliContext,
  { check, result, message, remedy }: FindingJson,
): string {
  const { green, yellow, red, dim } = colorsFor(context, "stdout");
  const colors = {
    ok: green,
    fixed: green,
    warning: yellow,
    problem: red,
    skipped: dim,
  };
  const label = colors[result](LABELS[result].padEnd(8));
  const width = widthOf(context) ?? Infinity;
  const line = `${label} ${check.padEnd(16)} ${printable(message)}`;
  const finding = wrap(line, width, 26);
  if (remedy === undefined) return finding;
  return `${finding}\n${wrap(`${" ".repeat(9)}→ ${remedy}`, width, 11)}`;
}
