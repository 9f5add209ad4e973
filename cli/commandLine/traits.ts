import type { AnyCommand } from "./commander.js";

/** What cannot be told from a command's options: declared beside it, and told by `describe`. */
export interface Traits {
  /** Whether it may write to the deployment: in production it asks, or takes `--production`. */
  readonly writes: boolean;
  /** Whether it may delete what nothing but a backup brings back. */
  readonly deletes: boolean;
  /** The shapes in `cli/json` that it prints with `--json`, of which the options pick one; none without `--json`. */
  readonly json: readonly string[];
  /** The shape of each line with `--jsonl`. */
  readonly jsonl?: string;
}

const traits = new WeakMap<object, Traits>();

/** Declares the traits of a command. @returns the command */
export function withTraits<One extends object>(
  command: One,
  declared: Traits,
): One {
  traits.set(command, declared);
  return command;
}

/** @throws where they are not declared */
export function traitsOf(command: AnyCommand): Traits {
  const declared = traits.get(command);
  if (declared !== undefined) return declared;
  throw new Error(`The command ${command.name()} declares no traits.`);
}
