import { printable } from "./printable.js";

/**
 * The flags that name a deployment on the command line. Its key stays in its file, or in the
 * environment.
 */
export interface TargetFlags {
  readonly deployment?: string | undefined;
  readonly url?: string | undefined;
  readonly adminKeyFile?: string | undefined;
  readonly component?: string | undefined;
}

export function targetFlags(flags: TargetFlags): string {
  const named = [
    ["--deployment", flags.deployment],
    ["--url", flags.url],
    ["--admin-key-file", flags.adminKeyFile],
    ["--component", flags.component],
  ].flatMap(([flag = "", value]) => (value === undefined ? [] : [flag, value]));
  return shellCommand(...named);
}

/** A command to be pasted: its words as a shell has to be given them. */
export function shellCommand(...words: string[]): string {
  return words.map(shellWord).join(" ");
}

/** The word, quoted only where a shell would not leave it as it is. */
function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return quoted(printable(word));
}

/** The text quoted for bash, zsh and fish, whatever is in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
