import type { CliContext } from "../context.js";
import {
  colors,
  printableJson,
  printableText,
  type Colors,
} from "./printable.js";
import { writeErr, writeOut } from "./streams.js";
import { fitted } from "./words.js";

/** Prints the one object of `--json`. */
export function printJson(context: CliContext, value: object): void {
  writeOut(context, printableJson(`${JSON.stringify(value, null, 2)}\n`));
}

/** Prints one of the objects of `--jsonl`, a line each. */
export function printJsonLine(context: CliContext, value: object): void {
  writeOut(context, printableJson(`${JSON.stringify(value)}\n`));
}

/**
 * Prints the error that ended the command, in one line, so that it can be told from the notes before
 * it.
 */
export function printErrorJson(context: CliContext, value: object): void {
  writeErr(context, printableJson(`${JSON.stringify(value)}\n`));
}

/** Prints the output that people asked for. */
export function print(context: CliContext, text: string): void {
  writeOut(context, printableText(`${context.commands.complete(text)}\n`));
}

/** Prints a remark for people, beside the output; never data. A terminal breaks it between words. */
export function note(context: CliContext, text: string): void {
  const { isTTY, columns } = context.stderr;
  const remark = context.commands.complete(text);
  const fitting = isTTY && columns ? fitted(remark, columns) : remark;
  writeErr(context, printableText(`${fitting}\n`));
}

/** Colours for a stream; none where it is not a terminal or `NO_COLOR` is set. */
export function colorsFor(
  context: CliContext,
  stream: "stdout" | "stderr",
): Colors {
  return colors(Boolean(context[stream].isTTY) && !context.env["NO_COLOR"]);
}

/** The terminal's width, for the output that people asked for; `undefined` where there is none, or it is not known. */
export function widthOf(context: CliContext): number | undefined {
  // A terminal whose size nobody has set says 0, as those of some CI runners do.
  return context.stdout.isTTY ? context.stdout.columns || undefined : undefined;
}
