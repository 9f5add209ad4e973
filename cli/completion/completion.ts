import type { AnyCommand } from "../commandLine/commander.js";
import type { CliContext } from "../context.js";
import { bashScript, fishScript, zshScript } from "./scripts.js";
import { commandTree } from "./tree.js";
import { writeOut } from "../terminal/streams.js";

/** Prints a script made from the very tree of commands that parses the command line. */
export function completion(
  context: CliContext,
  program: AnyCommand,
  shell: "bash" | "zsh" | "fish",
): void {
  const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };
  writeOut(context, scripts[shell](program.name(), commandTree(program)));
}
