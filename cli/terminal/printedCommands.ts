/** Commands that concern this machine, whatever deployment a command was given. */
const LOCAL = ["serve", "completion", "help", "deployments"];

/** The commands in texts of ours: in backticks or parentheses, after a colon, or on a line of its own. */
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
  /** The flags that name the deployment, as a shell has to be given them; "" where the folder does. */
  targetFlags = "";

  /** Completes the commands in a text; a command that was completed before stays as it is. */
  complete(text: string): string {
    if (this.targetFlags === "") return text;
    return text.replace(PRINTED, (start) => `${start}${this.targetFlags} `);
  }
}
