import type { AnyCommand } from "../commandLine/commander.js";
import type { CliContext } from "../context.js";
import type { GlobalOptions } from "../deployment/connect.js";
import { printJson, print, widthOf } from "../terminal/output.js";
import { formatTable } from "../terminal/table.js";
import type {
  ArgumentJson,
  CommandJson,
  DescribeJson,
} from "../json/program/describe.js";
import { toDescribeJson } from "./tree.js";

/** Tells what the program can do, from the very tree of commands that parses the command line. */
export function describe(
  context: CliContext,
  program: AnyCommand,
  options: GlobalOptions,
): void {
  const described = toDescribeJson(program);
  if (options.json) return printJson(context, described);
  print(context, describedText(described, widthOf(context)));
}

function describedText(
  { commands, exitCodes }: DescribeJson,
  width: number | undefined,
): string {
  const commandTable = formatTable(
    ["COMMAND", "DOES", "CONFIRMED BY", "--json", "--jsonl"],
    commands.map((one) => [
      [one.command, ...one.arguments.map(usage)].join(" "),
      whatItDoes(one),
      one.confirmedBy.join(", ") || "-",
      one.json.join(", ") || "-",
      one.jsonl ?? "-",
    ]),
    width,
  );
  const exitTable = formatTable(
    ["EXIT CODE", "MEANING", "ERRORS"],
    exitCodes.map(({ exitCode, meaning, codes }) => [
      exitCode,
      meaning,
      codes.join(", ") || "-",
    ]),
    width,
  );
  return `${commandTable}\n\n${exitTable}`;
}

function usage({ name, required, repeatable }: ArgumentJson): string {
  const words = `${name}${repeatable ? "..." : ""}`;
  return required ? `<${words}>` : `[${words}]`;
}

function whatItDoes({ writes, deletes }: CommandJson): string {
  if (deletes) return "writes, deletes";
  return writes ? "writes" : "reads";
}
