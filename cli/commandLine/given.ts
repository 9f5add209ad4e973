/** The methods of a command that `given` calls, as its declaration types them. */
interface Declared<Own, All> {
  /** The command's own options. */
  opts(): Own;
  /** The command's options with those of the program. */
  optsWithGlobals(): All;
}

/**
 * The options of a command, for the function behind it. The compiler checks that they are declared as
 * that function takes them: where they are not, it asks for a second argument, whose type names them.
 */
export function given<Taken, Own, All>(
  command: Declared<Own, All>,
  ..._mismatch: [Mismatch<Taken, Own, All>] extends [never]
    ? []
    : [Mismatch<Taken, Own, All>]
): Taken {
  const options: unknown = command.optsWithGlobals();
  return options as Taken;
}

/** Options that are declared and not taken, taken and not declared, or taken as something else. */
export type Mismatch<Taken, Own, All> =
  | Exclude<keyof Own, keyof Taken>
  | {
      [Name in keyof Taken]-?: Name extends keyof All
        ? Pick<All, Name> extends Pick<Taken, Name>
          ? never
          : Name
        : Name;
    }[keyof Taken];
