import type { AnyCommand } from "../commandLine/commander.js";

/** A command as completion needs it. */
export interface CommandNode {
  /** The command's words from the program's name on: "" for the program itself, "runs watch". */
  path: string;
  description: string;
  commands: Word[];
  /** Long options, those of the program included. */
  options: OptionWord[];
  /** The choices of its first argument, if it has any. */
  choices: readonly string[];
  /** Whether its argument names a file. */
  takesFile: boolean;
  /** Whether its argument is the name of a deployment. */
  takesDeployment: boolean;
}

export interface Word {
  word: string;
  description: string;
}

export interface OptionWord extends Word {
  takesValue: boolean;
  choices: readonly string[];
}

export function commandTree(program: AnyCommand): CommandNode[] {
  return nodesOf(program, "", optionsOf(program));
}

function nodesOf(
  command: AnyCommand,
  path: string,
  inherited: OptionWord[],
): CommandNode[] {
  const own = path === "" ? [] : optionsOf(command);
  const [argument] = command.registeredArguments;
  const node: CommandNode = {
    path,
    description: command.description(),
    commands: command.commands.map((child) => ({
      word: child.name(),
      description: child.description(),
    })),
    options: [...own, ...inherited, HELP],
    choices: argument?.argChoices ?? [],
    takesFile: argument?.name() === "file",
    takesDeployment: argument?.name() === "deployment",
  };
  const children = command.commands.flatMap((child) =>
    nodesOf(child, `${path} ${child.name()}`.trim(), inherited),
  );
  return [node, ...children];
}

const HELP: OptionWord = {
  word: "--help",
  description: "show how it is used",
  takesValue: false,
  choices: [],
};

function optionsOf(command: AnyCommand): OptionWord[] {
  return command.options
    .filter(({ long, hidden }) => long && !hidden)
    .map((option) => ({
      word: option.long ?? "",
      description: option.description,
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
    }));
}
