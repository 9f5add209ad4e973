/** The end of a command's help: two examples of its use. */
export function examples(
  ...commands: [string, string]
): ["after", text: string] {
  const lines = commands.map((command) => `  $ sessions-ops ${command}`);
  return ["after", `\nExamples:\n${lines.join("\n")}`];
}
