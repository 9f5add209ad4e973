/**
 * commander with types that infer what its options come to from their declaration. Only types are
 * taken from the package that has them: its code would be loaded by every command.
 */
import * as commander from "commander";
import type * as typed from "@commander-js/extra-typings";

export const { Argument, Command, Help, Option } =
  commander as unknown as typeof typed;

export type Help = typed.Help;

/** A command, whatever its arguments and options are. */
export type AnyCommand = typed.CommandUnknownOpts;
