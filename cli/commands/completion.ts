import type { Command } from "commander";
import type { CliContext } from "../context.js";
import { bashScript, fishScript, zshScript } from "../lib/completionScripts.js";
import { commandTree } from "../lib/completionTree.js";
import { writeOut } from "../lib/streams.js";

/** Prints a script made from the very tree of commands that parses the command line. */
export function completion(
  context: CliContext,
  program: Command,
  shell: "bash" | "zsh" | "fish",
): void {
  const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };
  writeOut(context, scripts[shell](program.name(), commandTree(program)));
}
