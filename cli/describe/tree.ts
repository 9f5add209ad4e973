import type { Argument, Option } from "commander";
import type { JSONValue } from "convex/values";
import { VERSION } from "../../convex/sessionTracker/shared/version.js";
import type { AnyCommand } from "../commandLine/commander.js";
import { traitsOf } from "../commandLine/traits.js";
import { takenBy } from "../commandLine/values.js";
import { EXIT_CODES, type CliErrorCode } from "../errors.js";
import type {
  ArgumentJson,
  CommandJson,
  DescribeJson,
  ExitCodeJson,
  OptionJson,
} from "../json/program/describe.js";

export function toDescribeJson(program: AnyCommand): DescribeJson {
  const groups = program.commands.filter(isGroup);
  return {
    version: VERSION,
    options: optionsOf(program),
    groups: groups.map((group) => ({
      name: group.name(),
      description: group.description(),
    })),
    commands: program.commands.flatMap((one) => commandsOf(one, "")),
    exitCodes: exitCodes(),
    error: "ErrorJson",
  };
}

function commandsOf(command: AnyCommand, before: string): CommandJson[] {
  const words = `${before} ${command.name()}`.trim();
  if (isGroup(command)) {
    return command.commands.flatMap((one) => commandsOf(one, words));
  }
  const { writes, deletes, json, jsonl = null } = traitsOf(command);
  const options = optionsOf(command);
  return [
    {
      command: words,
      description: command.description(),
      arguments: command.registeredArguments.map(toArgumentJson),
      options,
      writes,
      deletes,
      confirmedBy: options
        .map(({ name }) => name)
        .filter((name) => CONFIRMING.includes(name)),
      json: [...json],
      jsonl,
    },
  ];
}

function exitCodes(): ExitCodeJson[] {
  const codes = Object.entries(EXIT_CODES) as [CliErrorCode, number][];
  return MEANINGS.map((meaning, exitCode) => ({
    exitCode,
    meaning,
    codes: codes.filter(([, one]) => one === exitCode).map(([code]) => code),
  }));
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const CONFIRMING = ["--yes", "--confirm"];

/** By exit code. */
const MEANINGS = [
  "ok",
  "failure",
  "usage, cancelled, or no longer waiting for a run after Ctrl-C, which never stops it",
  "the run failed",
  "not authorised or not reachable",
  "refused without confirmation",
];

function isGroup({ commands }: AnyCommand): boolean {
  return commands.length > 0;
}

function toArgumentJson(argument: Argument): ArgumentJson {
  return {
    name: argument.name(),
    description: argument.description,
    required: argument.required,
    repeatable: argument.variadic,
    choices: argument.argChoices ?? null,
    takes: takenBy(argument.parseArg),
    default: toDefault(argument.defaultValue),
  };
}

function optionsOf({ options }: AnyCommand): OptionJson[] {
  return options.filter(({ hidden }) => !hidden).map(toOptionJson);
}

function toOptionJson(option: Option): OptionJson {
  const value = /[<[]([^>\].]+)/.exec(option.flags)?.[1] ?? null;
  return {
    name: option.long ?? option.flags,
    short: option.short ?? null,
    description: option.description,
    type: typeOf(option, value),
    value,
    choices: option.argChoices ?? null,
    takes: takenBy(option.parseArg),
    required: option.mandatory,
    repeatable: option.variadic,
    default: toDefault(option.defaultValue),
  };
}

/** The placeholders of options, by what they take; others are texts. */
const TYPES: Partial<Record<string, OptionJson["type"]>> = {
  n: "number",
  port: "number",
  revision: "number",
  time: "time",
};

function typeOf(option: Option, value: string | null): OptionJson["type"] {
  if (value === null) return "flag";
  if (option.argChoices) return "choice";
  return TYPES[value] ?? "text";
}

function toDefault(value: unknown): JSONValue {
  return value === undefined ? null : (value as JSONValue);
}
