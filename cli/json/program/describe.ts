import type { JSONValue } from "convex/values";
import type { CliErrorCode } from "../../errors.js";

/**
 * Output of `describe`: the command line, for programs that call it. Shapes are named as in the definitions of
 * `sessions-ops/cli.schema.json`.
 */
export interface DescribeJson {
  /** The version of the package. */
  version: string;
  /** Options that each command takes. */
  options: OptionJson[];
  /** Words that take one of their commands. */
  groups: { name: string; description: string }[];
  /** The commands, in the order of the help. */
  commands: CommandJson[];
  /** What the program ends in. */
  exitCodes: ExitCodeJson[];
  /** The shape of an error on stderr, with `--json` and `--jsonl`. */
  error: string;
}

/** A command. */
export interface CommandJson {
  /** The words that call it, such as "runs list". */
  command: string;
  /** What it is, in words. */
  description: string;
  /** What it takes, in this order. */
  arguments: ArgumentJson[];
  /** Its own options; those of the program come to them. */
  options: OptionJson[];
  /** Whether it may write to the deployment: in production it asks, or takes `--production`. */
  writes: boolean;
  /** Whether it may delete what nothing but a backup brings back. */
  deletes: boolean;
  /** The options that answer what it may ask; it asks nothing else outside of production. */
  confirmedBy: string[];
  /** Shapes of its output with `--json`, of which its options pick one; none where it prints no JSON. */
  json: string[];
  /** The shape of each line with `--jsonl`; `null` where it has no such option. */
  jsonl: string | null;
}

/** An argument of a command. */
export interface ArgumentJson {
  /** Its name. */
  name: string;
  /** What it is, in words. */
  description: string;
  /** Whether the command fails without it. */
  required: boolean;
  /** Whether it takes several words. */
  repeatable: boolean;
  /** The words that it takes; `null` where it takes others as well. */
  choices: string[] | null;
  /** What it must be, in words, such as "a number above 0, or never"; `null` where nothing more is known. */
  takes: string | null;
  /** `null` where there is none. */
  default: JSONValue;
}

/** An option. */
export interface OptionJson {
  /** "--limit". */
  name: string;
  /** "-y"; `null` where it has no letter. */
  short: string | null;
  /** What it is, in words. */
  description: string;
  /** `flag`: it takes no value; `choice`: one of `choices`; `time`: a time or a duration, as its description says. */
  type: "flag" | "choice" | "number" | "time" | "text";
  /** The word that stands for its value in the help; `null` for a flag. */
  value: string | null;
  /** The values that it takes; `null` where it takes others as well. */
  choices: string[] | null;
  /** What its value must be, in words, such as "a whole number from 0 to 65535"; `null` where nothing more is known. */
  takes: string | null;
  /** Whether the command fails without it. */
  required: boolean;
  /** Whether it takes several values. */
  repeatable: boolean;
  /** `null` where there is none; what a description calls the default is what happens without a value. */
  default: JSONValue;
}

/** An exit code, and the errors that end in it. */
export interface ExitCodeJson {
  /** The exit code. */
  exitCode: number;
  /** What it says. */
  meaning: string;
  /** `error.code` of the errors that end in it. */
  codes: CliErrorCode[];
}
