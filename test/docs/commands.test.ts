/**
 * Commands in documents are ones that there are: those of the CLI with their options, scripts of npm by their name.
 * What `console` blocks show as output is printed in a suite of processes, or they say why it is not.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { AnyCommand } from "../../cli/commandLine/commander.js";
import { buildProgram } from "../../cli/program.js";
import { FakeTerminal } from "../cli/support/fakeTerminal.js";
import { EXECUTED_PAGES } from "../cli/support/executedPages.js";
import { codeBlocks, documents, readDocument, ROOT } from "./markdown.js";

// The changelog names commands of its time.
const pages = documents().filter((file) => file !== "CHANGELOG.md");

test.each(pages)(
  "the commands in %s are ones that there are",
  async (document) => {
    const problems: string[] = [];
    const look = async (command: string, isNamed: boolean): Promise<void> => {
      const problem = await problemOf(command, isNamed);
      if (problem !== null) problems.push(`${command}: ${problem}`);
    };
    for (const command of commandsTypedIn(document)) await look(command, false);
    for (const command of commandsNamedIn(document)) await look(command, true);
    expect(problems).toEqual([]);
  },
);

test.each([
  ["npx sessions-ops purge --days 14 --dry-run", null],
  ["sessions-ops schedule set purge '0 4 * * *' --tz Europe/Berlin", null],
  ["sessions-ops purge --dayz 14", "unknown option '--dayz'"],
  ["sessions-ops schedule sett purge", "unknown command 'sett'"],
  ["sessions-ops show", "missing required argument 'id'"],
  ["npm run test:nothing", "there is no such script"],
  ["npx tsx scripts/nothing.ts", "there is no such file"],
])("of %s is said: %s", async (command, problem) => {
  expect(await problemOf(command, false)).toBe(problem);
});

test.each(pages)("what consoles show in %s is run", (document) => {
  if (EXECUTED_PAGES.includes(document)) return;
  const lines = readDocument(document).split("\n");
  const silent = codeBlocks(document)
    .filter(({ language }) => language === "console")
    // Those that show no output are examples.
    .filter(({ code }) => /^(?!\$ ).+/m.test(code))
    .filter(({ line }) => !NOT_RUN.test(lines.slice(0, line - 2).join("\n")))
    .map(({ line }) => `${document}:${line}`);
  expect(
    silent,
    "List the page in test/cli/support/executedPages.ts, or put `<!-- not run: why -->` before the block.",
  ).toEqual([]);
});

// ── Helpers ─────────────────────────────────────────────────────────────────

const NOT_RUN = /<!-- not run: \S.+ -->\s*$/;
const SHELLS = ["sh", "bash", "console"];
const OWN = /^(?:npx )?sessions-ops /;

/** The commands in blocks for a shell, without what shells do to them. */
function commandsTypedIn(document: string): string[] {
  return codeBlocks(document)
    .filter(({ language }) => SHELLS.includes(language))
    .flatMap(({ code, language }) =>
      code
        .split("\n")
        .filter((line) => language !== "console" || line.startsWith("$ "))
        .map((line) => line.replace(/^\$ /, "")),
    )
    .flatMap((line) => line.split(/ && | \| (?=\w)/))
    .map((line) => line.replace(/ (#|\d?[<>]).*$/, "").trim())
    .map((line) => line.replace(/^(\w+=\S* )+/, ""));
}

/** The commands of the CLI that sentences name. */
function commandsNamedIn(document: string): string[] {
  return (
    [...readDocument(document).matchAll(/`([^`\n]+)`/g)]
      .map(([, code = ""]) => code)
      // Some stand for several, or leave out what does not matter.
      .filter((code) => OWN.test(code) && !/[…|<]|\.\.\./.test(code))
  );
}

/** The scripts of all packages here. A document says by its words in which folder it means them. */
const scripts = new Set(
  execFileSync("git", ["ls-files", "package.json", "*/package.json"], {
    cwd: ROOT,
    encoding: "utf8",
  })
    .trim()
    .split("\n")
    .flatMap((manifest) => Object.keys(scriptsOf(manifest))),
);

/** @param isNamed whether its arguments may be left out, as in a sentence */
async function problemOf(
  command: string,
  isNamed: boolean,
): Promise<string | null> {
  const [, script] = /^npm run (?:-s )?([\w:-]+)/.exec(command) ?? [];
  if (script !== undefined) {
    return scripts.has(script) ? null : "there is no such script";
  }
  const [, file] = /^npx tsx (\S+)/.exec(command) ?? [];
  if (file !== undefined) {
    return existsSync(path.join(ROOT, file)) ? null : "there is no such file";
  }
  if (!OWN.test(command)) return null;
  const problem = await problemOfOwn(wordsOf(command.replace(OWN, "")));
  return isNamed && problem?.startsWith("missing required") ? null : problem;
}

/** What the CLI says of the words of a command line, up to what it would do. */
async function problemOfOwn(words: string[]): Promise<string | null> {
  const program = buildProgram(new FakeTerminal().context());
  for (const command of commandsOf(program)) {
    const isGroup = command.commands.length > 0;
    if (!isGroup) command.action(() => {});
    // The name of a group alone is a command, too.
    else if (command !== program) command.action(() => knownAlone(command));
    // Documents name values by what they are, such as ID and TIME.
    for (const value of [...command.options, ...command.registeredArguments]) {
      value.argParser(String);
    }
  }
  try {
    await program.parseAsync(words, { from: "user" });
    return null;
  } catch (error) {
    const { code = "", message } = error as Error & { code?: string };
    // Groups and `--help` show their help, which is no fault.
    if (/help/i.test(code)) return null;
    return message.replace(/^error: /, "").split("\n")[0] ?? message;
  }
}

function knownAlone({ args }: AnyCommand): void {
  if (args[0] !== undefined) throw new Error(`unknown command '${args[0]}'`);
}

function commandsOf(command: AnyCommand): AnyCommand[] {
  return [command, ...command.commands.flatMap(commandsOf)];
}

/** As a shell takes a line apart, as far as documents go. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? "",
  );
}

function scriptsOf(manifest: string): Record<string, string> {
  const text = readFileSync(path.join(ROOT, manifest), "utf8");
  return (
    (JSON.parse(text) as { scripts?: Record<string, string> }).scripts ?? {}
  );
}
