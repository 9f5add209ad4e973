/** The completion scripts, in the shells that they are for. */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { isMissing } from "../../../embedded/test/support/process/missing.js";
import { FakeTerminal } from "../support/fakeTerminal.js";

const EXPECTED: Array<[words: string[], offered: string[]]> = [
  [["sta"], ["stats", "status"]],
  [
    ["runs", ""],
    ["cancel", "list", "resume", "show", "watch"],
  ],
  [["--json", "runs", "wa"], ["watch"]],
  [["--component", "tracker", "runs", "wa"], ["watch"]],
  [["purge", "--arch"], ["--archive"]],
  [
    ["--json", "schedule", "pause", ""],
    ["expire", "purge"],
  ],
  [
    ["list", "--state", "e"],
    ["ended", "expired"],
  ],
  [["purge", "--days", ""], []],
  [
    ["status", "--deployment", ""],
    ["shop", "staging"],
  ],
  [["deployments", "use", "st"], ["staging"]],
  [["import", "old"], ["old export.zip"]],
  [["--json", "purge", "--archive", "old"], ["old export.zip"]],
];

describe.each([
  shellOf("bash", ["--norc"], inBash),
  shellOf("zsh", ["-f"], inZsh),
  shellOf("fish", ["--no-config"], inFish),
])("completion in $shell", ({ shell, args, inShell, isSkipped }) => {
  test.skipIf(isSkipped).each(EXPECTED)(
    "offers words for %j",
    async (words, offered) => {
      const terminal = new FakeTerminal();
      terminal.write("old export.zip", "");
      terminal.write("key", "key");
      Object.assign(terminal.overrides, { env: { HOME: terminal.folder } });
      for (const name of ["shop", "staging"]) {
        await terminal.run(
          ...["deployments", "add", name, "--url", "https://a.example"],
          ...["--admin-key-file", "key"],
        );
      }
      const script = (await terminal.run("completion", shell)).stdout;
      const line = inShell(script, ["sessions-ops", ...words]);
      const { stdout, stderr } = spawnSync(shell, [...args, "-c", line], {
        cwd: terminal.folder,
        env: { PATH: process.env["PATH"], HOME: terminal.folder },
        encoding: "utf8",
      });
      expect(stderr).toBe("");
      const found = stdout.split("\n").filter((word) => word !== "");
      expect(found.sort()).toEqual(offered);
    },
  );
});

type InShell = (script: string, words: string[]) => string;

function shellOf(shell: string, args: string[], inShell: InShell) {
  const { error } = spawnSync(shell, ["--version"]);
  const why = error ? `no ${shell} to complete in (${error.message})` : null;
  const isSkipped = isMissing(why, { isRequired: true });
  return { shell, args, inShell, isSkipped };
}

function inBash(script: string, words: string[]): string {
  return `${script}
COMP_WORDS=(${words.map(quote).join(" ")}); COMP_CWORD=${words.length - 1}
_sessions_ops
printf '%s\\n' "\${COMPREPLY[@]}"`;
}

/** The completion in zsh, with stand-ins for zsh's own functions, which need a terminal. */
function inZsh(script: string, words: string[]): string {
  return `compdef() {}
${script}
words=(${words.map(quote).join(" ")}); CURRENT=${words.length}
compadd() { shift; print -rl -- "\${(@M)@:#\${words[CURRENT]}*}" }
_files() { print -rl -- "\${words[CURRENT]}"*(N) }
_sessions_ops`;
}

function inFish(script: string, words: string[]): string {
  const line = words.join(" ");
  // A candidate is followed by a tab and its description, and quoted as it would be typed.
  return `${script}
complete -C ${quote(line)} | string split -f 1 \\t | string unescape`;
}

function quote(word: string): string {
  return `'${word}'`;
}
