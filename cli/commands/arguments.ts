import { InvalidArgumentError, Option, type Command } from "commander";
import type {
  RetentionDays,
  RunKind,
} from "../../convex/sessionTracker/shared/shared.js";

/** What runs and schedules are named by. */
export const KINDS: readonly RunKind[] = ["expire", "purge"];

export function withExamples(
  command: Command,
  ...examples: [string, string]
): Command {
  const lines = examples.map((example) => `  $ sessions-ops ${example}`);
  return command.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
}

export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (
      text.trim() !== "" &&
      Number.isInteger(value) &&
      value >= min &&
      value <= max
    ) {
      return value;
    }
    const range =
      max === Number.MAX_SAFE_INTEGER
        ? `of at least ${min}`
        : `from ${min} to ${max}`;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a number above 0.");
}

/** "200" or "200/s". */
export function perSecond(text: string): number {
  return positiveNumber(text.replace(/\/s$/, ""));
}

export function retentionDays(text: string): RetentionDays {
  return text === "never" ? text : positiveNumber(text);
}

/** Why somebody does it. An empty one is a variable that nobody has set. */
export function reasonOption(where: string): Option {
  return new Option("--reason <text>", where).argParser((text: string) => {
    if (text.trim() !== "") return text;
    throw new InvalidArgumentError("It says nothing: say why.");
  });
}

/** A run under way goes on after a change, unless somebody stops it. */
export function cancelRunOption(): Option {
  return new Option(
    "--cancel-run",
    "also cancel the run that is under way and would go on",
  );
}

/** For scripts, and for what was looked at in an earlier command. */
export function ifRevision(): Option {
  return new Option(
    "--if-revision <n>",
    "only if nobody has changed the settings since this revision",
  ).argParser(wholeNumber(0));
}
