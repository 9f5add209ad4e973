/** Commands with their output, as a document shows them. */
import { readFileSync } from "node:fs";

export interface Task {
  heading: string;
  commands: ShownCommand[];
}

export interface ShownCommand {
  command: string;
  /**
   * The output as shown: `…` stands for anything, a line of its own for any lines; RUN_ID, COUNT,
   * CUTOFF and the like for such values.
   */
  output: string;
  /** The command's line in the file. */
  line: number;
}

/** The second-level sections of a document that show commands in fenced `console` blocks. */
export function tasksOf(path: string): Task[] {
  const tasks: Task[] = [];
  let heading = "";
  let inBlock = false;
  for (const [index, line] of readFileSync(path, "utf8")
    .split("\n")
    .entries()) {
    if (line.startsWith("## ")) heading = line.slice(3);
    if (line === "```console") inBlock = true;
    else if (line.startsWith("```")) inBlock = false;
    else if (inBlock) addLine(tasks, heading, line, index + 1);
  }
  return tasks;
}

function addLine(
  tasks: Task[],
  heading: string,
  line: string,
  number: number,
): void {
  let task = tasks.at(-1);
  if (task?.heading !== heading) {
    task = { heading, commands: [] };
    tasks.push(task);
  }
  if (line.startsWith("$ ")) {
    task.commands.push({ command: line.slice(2), output: "", line: number });
    return;
  }
  const last = task.commands.at(-1);
  if (last === undefined) throw new Error(`line ${number}: no command yet`);
  last.output += `${line}\n`;
}

/** The names that stand for values that differ each time. */
const VALUES = {
  RUN_ID: /[a-z0-9]{32}/,
  WEBHOOK_ID: /[a-z0-9]{32}/,
  DELIVERY_ID: /[a-z0-9]{32}/,
  COUNT: /\d+/,
  CUTOFF: /\d{4}-\d{2}-\d{2}T[\d:.]+Z/,
} as const;

/** The values that outputs had where the document has a name for them. */
export class Values {
  readonly #known = new Map<string, string>();

  fillIn(command: string): string {
    let filled = command;
    for (const [name, value] of this.#known) {
      filled = filled.replaceAll(name, value);
    }
    return filled;
  }

  /** @returns whether a command printed what the document shows */
  match(printed: string, shown: string): boolean {
    const found = patternOf(shown).exec(printed.trim());
    for (const [name, value] of Object.entries(found?.groups ?? {})) {
      if (value !== undefined) this.#known.set(name, value);
    }
    return found !== null;
  }
}

function patternOf(shown: string): RegExp {
  let pattern = shown
    .trim()
    .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    // Columns are as wide as their content, and that differs.
    .replace(/(?<=\S) {2,}(?=\S)/g, " {2,}")
    .replace(/^…$/, "[^]*")
    .replace(/^…\n/, "([^]*\n)?")
    .replace(/\n…(?=\n|$)/g, "(\n[^]*)?")
    .replaceAll("…", ".*?");
  for (const [name, value] of Object.entries(VALUES)) {
    pattern = pattern
      .replace(name, `(?<${name}>${value.source})`)
      .replaceAll(new RegExp(`(?<!<)${name}`, "g"), `\\k<${name}>`);
  }
  return new RegExp(`^${pattern}$`);
}
