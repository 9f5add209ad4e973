/** `docs/cli.md`: the reference of the command line, made of the very tree of commands that parses it. */
import type { EventEmitter } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { JSONValue } from "convex/values";
import type { AnyCommand } from "../../cli/commandLine/commander.js";
import { processContext } from "../../cli/context.js";
import { toDescribeJson } from "../../cli/describe/tree.js";
import type {
  ArgumentJson,
  CommandJson,
  DescribeJson,
  OptionJson,
} from "../../cli/json/program/describe.js";
import { buildProgram } from "../../cli/program.js";
import { VARIABLES } from "./variables.js";

const CLI = join(import.meta.dirname, "../../cli");

/**
 * The text of the page.
 * @throws Error where the CLI reads an environment variable that the page does not name
 */
export function cliPage(): string {
  checkVariables();
  const program = buildProgram(processContext());
  const described = toDescribeJson(program);
  return `${[
    HEAD,
    summary(described),
    "## Every command",
    "These options stand before or after the command's own.",
    optionTable(described.options),
    JSON_TEXT,
    ...sections(described, program),
    "## Environment variables",
    VARIABLES_TEXT,
    variableTable(),
    "## Exit codes",
    exitTable(described),
    ERROR_TEXT,
  ].join("\n\n")}\n`;
}

// ── Texts ───────────────────────────────────────────────────────────────────

const HEAD = `<!-- Made by \`npm run codegen\` of the tree of commands. Change \`cli/commands/\`, or \`scripts/reference/\`. -->

# The command line

\`npx sessions-ops <command>\` operates the sessions of a deployment: on Convex Cloud, self-hosted, or the embedded one
of \`sessions-ops serve\`. \`sessions-ops help <command>\` says the same in the terminal, \`sessions-ops describe --json\`
to programs. How to point it at a deployment, and what to do when, is in [operating](operating.md).`;

const JSON_TEXT = `With \`--json\` a command prints exactly one object on stdout, and never asks. All times in it are ISO 8601 in UTC. The
shapes are named below for each command: as TypeScript types they are in [\`sessions-ops/cli\`](api/cli.md), as JSON
Schemas in [cli.schema.json](cli.schema.json). With \`--jsonl\`, where a command has it, each line is one object.

A command that writes asks before it does so in production, or takes \`--production NAME\`. One that deletes may delete
what nothing but a backup brings back.`;

const VARIABLES_TEXT = `Those that begin with \`CONVEX_\`, and \`SESSIONS_OPS_PRODUCTION\`, are also read from \`.env.local\` and \`.env\`, as the
official CLI does; the others from the environment only.`;

const ERROR_TEXT = `Errors are printed on stderr; with \`--json\` and \`--jsonl\` as one object, [\`ErrorJson\`](api/cli.md#errorjson), whose
\`code\` is one of those above, and whose \`retryable\` says whether the same command may be given again.`;

// ── Sections ────────────────────────────────────────────────────────────────

/** A table of all commands, each with a link to its section. */
function summary({ commands }: DescribeJson): string {
  return table(
    ["Command", "What it is for"],
    commands.map(({ command, description }) => [
      `[\`${command}\`](#sessions-ops-${command.replaceAll(" ", "-")})`,
      escaped(description),
    ]),
  );
}

function sections(
  { commands, groups }: DescribeJson,
  program: AnyCommand,
): string[] {
  return commands.flatMap((one) => {
    const [first = ""] = one.command.split(" ");
    const group = groups.find(({ name }) => name === first);
    const isFirst = commands.find(({ command }) =>
      command.startsWith(`${first} `),
    );
    const head =
      group && isFirst === one
        ? [`## sessions-ops ${first}`, `${sentence(group.description)}`]
        : [];
    const level = group ? "###" : "##";
    return [...head, ...section(one, found(program, one.command), level)];
  });
}

function section(
  one: CommandJson,
  command: AnyCommand,
  level: string,
): string[] {
  return [
    `${level} sessions-ops ${one.command}`,
    sentence(one.description),
    block("text", command.createHelp().commandUsage(command)),
    ...(one.arguments.length === 0 ? [] : [argumentTable(one.arguments)]),
    ...(one.options.length === 0 ? [] : [optionTable(one.options)]),
    traitsText(one),
    ...helpTexts(command),
  ];
}

function traitsText({
  writes,
  deletes,
  confirmedBy,
  json,
  jsonl,
}: CommandJson): string {
  const does = deletes
    ? "**Writes and deletes**"
    : writes
      ? "**Writes**"
      : "Changes nothing";
  const asks =
    confirmedBy.length === 0
      ? ""
      : `; asks, or takes ${confirmedBy.map(code).join(" and ")}`;
  const prints =
    json.length === 0
      ? "Prints text only."
      : `Prints ${json.map(shape).join(" or ")}${jsonl === null ? "" : `, each line of \`--jsonl\` ${shape(jsonl)}`}.`;
  return `${does}${asks}. ${prints}`;
}

/** What the help says after the options: examples, and remarks. */
function helpTexts(command: AnyCommand): string[] {
  const texts: string[] = [];
  const write = (text: string) => void texts.push(text.trim());
  // As commander tells it when it prints the help; its types leave out that commands are emitters.
  const emitter = command as unknown as EventEmitter;
  emitter.emit("afterHelp", { error: false, command, write });
  return texts.map((text) => {
    const [, commands] = /^Examples:\n([^]*)$/.exec(text) ?? [];
    return commands === undefined
      ? block("text", text)
      : block("console", commands.replaceAll(/^ {2}/gm, ""));
  });
}

// ── Tables ──────────────────────────────────────────────────────────────────

function argumentTable(found: ArgumentJson[]): string {
  return table(
    ["Argument", "What it is", "Values"],
    found.map(({ name, required, repeatable, description, ...values }) => {
      const words = `${name}${repeatable ? "..." : ""}`;
      return [
        code(required ? `<${words}>` : `[${words}]`),
        escaped(description),
        valuesText(values),
      ];
    }),
  );
}

function optionTable(found: OptionJson[]): string {
  return table(
    ["Option", "What it does", "Values"],
    found.map(({ name, short, value, repeatable, description, ...values }) => {
      const names = short === null ? name : `${short}, ${name}`;
      const words =
        value === null ? "" : ` <${value}${repeatable ? "..." : ""}>`;
      return [
        code(`${names}${words}`),
        escaped(description),
        valuesText(values),
      ];
    }),
  );
}

function valuesText({
  choices,
  takes,
  default: byDefault,
}: Pick<OptionJson, "choices" | "takes" | "default">): string {
  return [
    ...(choices === null ? [] : [choices.map(code).join(", ")]),
    ...(takes === null ? [] : [escaped(takes)]),
    ...(byDefault === null ? [] : [`default ${code(plain(byDefault))}`]),
  ].join("; ");
}

function variableTable(): string {
  return table(
    ["Variable", "What it does"],
    Object.entries(VARIABLES).map(([name, text]) => [code(name), text]),
  );
}

function exitTable({ exitCodes }: DescribeJson): string {
  return table(
    ["Exit code", "Meaning", "`code` of its errors"],
    exitCodes.map(({ exitCode, meaning, codes }) => [
      String(exitCode),
      escaped(meaning),
      codes.map(code).join(", "),
    ]),
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Variables that no user sets: the system's, and one by which the CLI speaks to its own child. */
const NOT_FOR_USERS = ["HOME", "USERPROFILE", "SESSIONS_OPS_BOUND_CHILD"];

function checkVariables(): void {
  const sources = readdirSync(CLI, { recursive: true, encoding: "utf8" });
  const read = sources
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => [
      ...readFileSync(join(CLI, file), "utf8").matchAll(
        /\benv\["(\w+)"\]|"((?:SESSIONS_OPS|CONVEX)_[A-Z_]+)"/g,
      ),
    ])
    .map(([, ofEnv, named]) => ofEnv ?? named ?? "");
  const unknown = [...new Set(read)].filter(
    (name) => !(name in VARIABLES) && !NOT_FOR_USERS.includes(name),
  );
  if (unknown.length === 0) return;
  throw new Error(
    `The CLI reads ${unknown.join(", ")}, which scripts/reference/variables.ts does not describe.`,
  );
}

function found(program: AnyCommand, words: string): AnyCommand {
  return words.split(" ").reduce<AnyCommand>((command, word) => {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) throw new Error(`There is no command ${words}.`);
    return next;
  }, program);
}

/** A name of `cli/json`, as a link to its type. */
function shape(name: string): string {
  return `[\`${name}\`](api/cli.md#${name.toLowerCase()})`;
}

function sentence(text: string): string {
  const whole = /[.)]$/.test(text) ? text : `${text}.`;
  return escaped(whole.charAt(0).toUpperCase() + whole.slice(1));
}

function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

function plain(value: JSONValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function block(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

function code(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}

/** Text in which nothing is markup but code in backticks. */
function escaped(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, i) =>
      i % 2 === 0 ? part.replaceAll(/[\\*_<>[\]]/g, "\\$&") : part,
    )
    .join("")
    .replaceAll("|", "\\|");
}
