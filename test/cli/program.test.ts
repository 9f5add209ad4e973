import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { AnyCommand } from "../../cli/commandLine/commander.js";
import { buildProgram } from "../../cli/program.js";
import { setUpDeployment } from "./support/deployment.js";
import { FakeTerminal } from "./support/fakeTerminal.js";

function allCommands(command: AnyCommand): AnyCommand[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

test("help names every command", async () => {
  const { exitCode, stdout } = await new FakeTerminal().run("--help");
  expect(exitCode).toBe(0);
  const commands = stdout.slice(
    stdout.indexOf("Commands:"),
    stdout.indexOf("Examples:"),
  );
  expect(commands).toMatchInlineSnapshot(`
    "Commands:
      status [options]            show counts, policy, schedules and runs; warnings
                                  first
      stats [options]             show visits by UTC day, and where they came from
      metrics                     print metrics in the format of OpenMetrics, for
                                  scrapers
      list [options]              list sessions, newest first
      show [options] <id>         show a session and what the visitor did
      end [options] [id]          end a visitor's session now, or all that a filter
                                  names; it deletes nothing
      unblock [options] <id>      lift the block that \`end --block\` set
      forget [options] [id]       erase a visitor with everything they did, or all
                                  that a filter names, for good
      purge [options]             delete sessions last active before a cutoff;
                                  without one, by the retention in force
      expire [options]            expire the sessions that are idle, without waiting
                                  for the schedule
      runs                        look at runs and control them
      log [options]               show who did what, when and why: settings, runs,
                                  ends, erasures, imports, hooks; newest first
      retention [options] [days]  show for how long inactive sessions are kept, or
                                  change it
      settings                    look at the settings, change them, and see who did
      schedule                    look at the schedules of expire and purge, and
                                  change them
      import [options] <file>     import sessions from JSONL ({anonymousId,
                                  createdAt, lastActive, actions?} a line), gzipped
                                  or not, or from the ZIP of \`npx convex export\`
      export [options] <file>     write all sessions with their actions as JSONL,
                                  which \`import\` reads
      serve [options]             run an embedded deployment with the app of this
                                  folder, for development, tests and CI
      hooks                       the app's hooks: whether they answer, and what
                                  they owe
      webhooks                    tell other systems what happens, and see whether
                                  it arrives
      deployments                 name the deployments that you work with, and check
                                  them
      doctor [options]            check the deployment from the network to the
                                  counters, and say how to mend what is wrong
      dashboard [options]         show status, charts, runs and the settings log in
                                  a browser, live; it changes nothing
      describe                    tell programs about the commands: options, exit
                                  codes, which write, delete and ask, what they
                                  print
      completion <shell>          print a script that completes commands and options
      help [command...]           show what a command is for, and how it is used

    "
  `);
});

test("every command has a description and two examples that it parses", async () => {
  const terminal = new FakeTerminal();
  for (const command of allCommands(buildProgram(terminal.context()))) {
    expect(command.description(), command.name()).not.toBe("");
    const path: string[] = [];
    for (let at: AnyCommand | null = command; at?.parent; at = at.parent) {
      path.unshift(at.name());
    }
    const { stdout } = await terminal.run(...path, "--help");
    const examples = [...stdout.matchAll(/^ {2}\$ sessions-ops (.*)$/gm)];
    expect(examples, command.name()).toHaveLength(2);
    for (const [, example = ""] of examples) {
      if (example.startsWith("serve")) continue;
      if (/^(completion|describe)/.test(example)) continue;
      if (example.startsWith("help")) continue;
      if (example.startsWith("deployments")) continue;
      // The parsed example gets as far as looking for a deployment; exit code 2 would be a usage error.
      const args = execFileSync("sh", [
        "-c",
        `printf '%s\\n' ${example.replace(/ [<|>] .*/, "")}`,
      ]);
      const result = await terminal.run(...args.toString().trim().split("\n"));
      expect({ example, exitCode: result.exitCode }).toEqual({
        example,
        exitCode: 4,
      });
    }
  }
});

test("--version prints the package's version", async () => {
  const manifest = readFileSync(
    join(import.meta.dirname, "../../package.json"),
    "utf8",
  );
  const { version } = JSON.parse(manifest) as { version: string };
  expect(await new FakeTerminal().run("--version")).toEqual({
    exitCode: 0,
    stdout: `${version}\n`,
    stderr: "",
  });
});

test("the help of purge", async () => {
  const { stdout } = await new FakeTerminal().run("purge", "--help");
  const options = stdout.slice(0, stdout.indexOf("Global Options:"));
  expect(options).toMatchInlineSnapshot(`
    "Usage: sessions-ops purge [options]

    delete sessions last active before a cutoff; without one, by the retention in
    force

    Options:
      --days <n>               cutoff: so many days ago
      --before <time>          cutoff: YYYY-MM-DD or ISO 8601, in UTC unless it says
                               otherwise, or 14d ago
      --dry-run                count what would go, and delete nothing
      -y, --yes                do not ask; enough at or above the retention
      --confirm <n>            the number of sessions to be deleted; always needed
                               below the retention
      --max <n>                delete so many sessions at most; \`runs resume\` goes
                               on
      --rate <n/s>             so many sessions a second at most, on average; up to
                               a second's worth at once
      --archive <file>         write every session and action to this JSONL.gz file
                               before it is deleted
      --without-ids            leave out of the archive who it was (anonymousId,
                               userId); it cannot be imported then
      --in-window              work only in the window of its schedule; without a
                               terminal the command ends while the run waits for it
      --detach                 return as soon as the run has started
      --reason <text>          recorded with the run
      -h, --help               display help for command

    "
  `);
});

test.each([
  [[], ""],
  [["frobnicate"], "unknown command 'frobnicate'"],
  [["purge", "--dayz", "3"], "Did you mean --days?"],
  [["list", "--limit", "0"], "whole number of at least 1"],
  [["show"], "missing required argument 'id'"],
  [["staus"], "Did you mean one of stats, status?"],
  [["runs", "wach"], "Did you mean watch?"],
  [["schedule", "lst", "--json"], "Did you mean list?"],
  [["help", "purg"], "Did you mean purge?"],
  [["help", "settings", "gett"], "Did you mean get?"],
  [["help", "purge", "all"], "too many arguments for 'purge'"],
  [["settings", "set", "idleTimeout=45m"], "Did you mean idleTimeoutMs?"],
  [["settings", "set", "retenion=5"], "Did you mean retentionDays?"],
  [["settings", "set", "retentionDays"], "names no value"],
  [["settings", "set", "idleTimeoutMs=soon"], '"soon" is not a duration'],
  [["list", "--active-within", "yesterday"], "neither a time nor how long ago"],
  [
    ["list", "--created-after", "1d", "--created-before", "2d"],
    "No session can be created from",
  ],
  [["runs", "list", "--kind", "clean"], "Allowed choices are expire, purge"],
])("%j is a usage error", async (args, message) => {
  const { exitCode, stdout, stderr } = await new FakeTerminal().run(...args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toContain(message);
});

test.each([
  [["settings"], ["settings", "get"]],
  [
    ["settings", "--json"],
    ["settings", "get", "--json"],
  ],
  [["schedule"], ["schedule", "list"]],
  [
    ["--json", "runs"],
    ["runs", "list", "--json"],
  ],
  [["help"], ["--help"]],
  [
    ["help", "purge"],
    ["purge", "--help"],
  ],
  [
    ["help", "runs", "watch"],
    ["runs", "watch", "--help"],
  ],
  [
    ["runs", "help", "watch"],
    ["runs", "watch", "--help"],
  ],
])("%j means %j", async (short, long) => {
  const { terminal } = setUpDeployment();
  const answer = await terminal.run(...short);
  expect(answer.exitCode).toBe(0);
  expect(answer).toEqual(await terminal.run(...long));
});

test.each(["0.0.0.0", "::", "127.example.com"])(
  "serve refuses --host %s unless other machines are meant",
  async (host) => {
    const terminal = new FakeTerminal();
    const { exitCode, stderr } = await terminal.run("serve", "--host", host);
    expect(exitCode).toBe(5);
    expect(stderr).toContain("--allow-remote");
  },
);

test("no heavy module is loaded before the command is known", () => {
  const loaded = staticImports("../../cli/main.ts");
  const packages = [...loaded].filter((name) => !name.startsWith("."));
  expect(packages.sort()).toEqual([
    "commander",
    "node:fs",
    "node:os",
    "node:stream",
    "node:util",
  ]);
});

/** Every module that a file loads by static imports, packages by name. */
function staticImports(file: string, seen = new Set<string>()): Set<string> {
  const text = readFileSync(join(import.meta.dirname, file), "utf8");
  for (const [, name = ""] of text.matchAll(
    /^(?:import|export) (?!type )(?:[^;]*? from )?"([^";]+)";$/gm,
  )) {
    if (seen.has(name)) continue;
    seen.add(name);
    if (name.startsWith(".")) {
      staticImports(join(file, "..", name.replace(/\.js$/, ".ts")), seen);
    }
  }
  return seen;
}

test("only main.ts ends the process or prints errors", () => {
  const root = join(import.meta.dirname, "../../cli");
  const offenders = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && path !== "main.ts")
    .filter((path) =>
      /process\.exit|console\./.test(readFileSync(join(root, path), "utf8")),
    );
  expect(offenders).toEqual([]);
});
