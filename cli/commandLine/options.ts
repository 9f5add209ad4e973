/** Options that more than one command has. */
import { InvalidArgumentError } from "commander";
import { Option, type AnyCommand } from "./commander.js";
import { perSecond, wholeNumber } from "./values.js";

/** Why somebody does it. An empty one is a variable that nobody has set. */
export function reason(where: string) {
  return new Option("--reason <text>", where).argParser((text: string) => {
    if (text.trim() !== "") return text;
    throw new InvalidArgumentError("It says nothing: say why.");
  });
}

/** A run under way goes on after a change, unless somebody stops it. */
export function cancelRun() {
  return new Option(
    "--cancel-run",
    "also cancel the run that is under way and would go on",
  );
}

/** For scripts, and for what was looked at in an earlier command. */
export function ifRevision() {
  return new Option(
    "--if-revision <n>",
    "only if nobody has changed the settings since this revision",
  ).argParser(wholeNumber(0));
}

export function max(verb: string) {
  return new Option(
    "--max <n>",
    `${verb} so many sessions at most; \`runs resume\` goes on`,
  ).argParser(wholeNumber(1));
}

export function rate() {
  return new Option(
    "--rate <n/s>",
    "so many sessions a second at most, on average; up to a second's worth at once",
  ).argParser(perSecond);
}

/** A sessionId is shown to others, who may take it for their anonymousId: then the kind has to be said. */
export function isSessionId() {
  return new Option("--session-id", "ID is a sessionId").conflicts(
    "anonymousId",
  );
}

export function isAnonymousId() {
  return new Option("--anonymous-id", "ID is an anonymousId");
}

export const JSON_LINES = "--jsonl";

export function jsonLines(description: string) {
  return new Option(JSON_LINES, description);
}

const jsonLinesName = jsonLines("").attributeName();

/** Whether a command was given what `jsonLines` declares. */
export function hasJsonLines(command: AnyCommand): boolean {
  return command.getOptionValue(jsonLinesName) === true;
}
