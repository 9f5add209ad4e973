/** Options that several commands share. */
import { InvalidArgumentError } from "commander";
import { Option, type AnyCommand } from "./commander.js";
import { perSecond, STATES, wholeNumber } from "./values.js";

/** The operator's reason for a change. An empty one is refused: it is a variable that nobody has set. */
export function reason(where: string) {
  return new Option("--reason <text>", where).argParser((text: string) => {
    if (text.trim() !== "") return text;
    throw new InvalidArgumentError("It says nothing: say why.");
  });
}

/** Cancels a run under way, which else goes on after a change. */
export function cancelRun() {
  return new Option(
    "--cancel-run",
    "also cancel the run that is under way and would go on",
  );
}

/** The revision a change is made to, for scripts and for settings that an earlier command has shown. */
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

const TIME = "12h ago, or a time";

/** The options by which `end` and `forget` take many sessions. */
export const byFilter = {
  user: () =>
    new Option("--user <id>", "instead of an ID: all sessions of this user"),
  state: () =>
    new Option(
      "--state <state>",
      "instead of an ID: those in this state",
    ).choices(STATES),
  createdBefore: () =>
    new Option("--created-before <time>", `those created before ${TIME}`),
  createdAfter: () =>
    new Option("--created-after <time>", `those created since ${TIME}`),
  activeBefore: () =>
    new Option("--active-before <time>", `those last active before ${TIME}`),
  activeAfter: () =>
    new Option("--active-after <time>", `those last active since ${TIME}`),
  except: () =>
    new Option("--except <id>", "but not this session, by either of its ids"),
};

/**
 * Says that the argument is a sessionId. These are shown to others, who may take theirs for their
 * anonymousId.
 */
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
