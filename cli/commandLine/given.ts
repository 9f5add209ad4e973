/** What `given` needs of a command, as its declaration types it. */
interface Declared<Own, All> {
  /** Its own options. */
  opts(): Own;
  /** With those of the program. */
  optsWithGlobals(): All;
}

/**
 * The options of a command, for what it does. That they are declared as they are taken is checked by
 * the compiler, which asks for a second argument where they are not: its type names them.
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
