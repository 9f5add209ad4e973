import type { CliContext } from "../context.js";
import {
  colors,
  printableJson,
  printableText,
  type Colors,
} from "./printable.js";
import { writeErr, writeOut } from "./streams.js";

/** The one object that `--json` prints. */
export function printJson(context: CliContext, value: object): void {
  writeOut(context, printableJson(`${JSON.stringify(value, null, 2)}\n`));
}

/** One of the objects that `--jsonl` prints, a line each. */
export function printJsonLine(context: CliContext, value: object): void {
  writeOut(context, printableJson(`${JSON.stringify(value)}\n`));
}

/** What ended the command, in one line, so that it can be told from the notes before it. */
export function printErrorJson(context: CliContext, value: object): void {
  writeErr(context, printableJson(`${JSON.stringify(value)}\n`));
}

/** What people asked for. */
export function print(context: CliContext, text: string): void {
  writeOut(context, printableText(`${context.commands.complete(text)}\n`));
}

/** What people should know besides; never data. */
export function note(context: CliContext, text: string): void {
  writeErr(context, printableText(`${context.commands.complete(text)}\n`));
}

/** Colours for a stream; none where it is not a terminal or `NO_COLOR` is set. */
export function colorsFor(
  context: CliContext,
  stream: "stdout" | "stderr",
): Colors {
  return colors(Boolean(context[stream].isTTY) && !context.env["NO_COLOR"]);
}

/** How wide the terminal is, for what people asked for; `undefined` where there is none. */
export function widthOf(context: CliContext): number | undefined {
  return context.stdout.isTTY ? context.stdout.columns : undefined;
}
