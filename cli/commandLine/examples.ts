/** The end of a command's help: how it is used, twice. */
export function examples(
  ...commands: [string, string]
): ["after", text: string] {
  const lines = commands.map((command) => `  $ sessions-ops ${command}`);
  return ["after", `\nExamples:\n${lines.join("\n")}`];
}
