/** These concern this machine, whatever deployment a command was given. */
const LOCAL = ["serve", "completion", "help"];

/** Where texts of ours have a command: in backticks or parentheses, after a colon, or on a line of its own. */
const PRINTED = new RegExp(
  `(?<=[\`(]|: |^ *)sessions-ops (?=[a-z])(?!(?:${LOCAL.join("|")})\\b)`,
  "gm",
);

/**
 * Lets every command that is printed for pasting reach the deployment of the command that prints it.
 * Texts name commands without flags, wherever the texts are from; the flags come in where a text is
 * printed.
 */
export class PrintedCommands {
  /** What names the deployment, as a shell has to be given it; "" where the folder does. */
  targetFlags = "";

  /** The text as it is to be printed; one that was given before stays as it is. */
  complete(text: string): string {
    if (this.targetFlags === "") return text;
    return text.replace(PRINTED, (start) => `${start}${this.targetFlags} `);
  }
}
