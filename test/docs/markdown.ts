import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";

export const ROOT = path.resolve(import.meta.dirname, "../..");

/** A fenced block of code. */
export interface CodeBlock {
  /** Path of the document from the root. */
  file: string;
  /** Line of the document at which the code begins. */
  line: number;
  language: string;
  code: string;
}

/** All documents of the project, as paths from the root. */
export function documents(): string[] {
  const listed = execFileSync(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
    { cwd: ROOT, encoding: "utf8" },
  );
  return listed.split("\n").filter((file) => file !== "");
}

export function readDocument(file: string): string {
  return readFileSync(path.join(ROOT, file), "utf8");
}

export function codeBlocks(file: string): CodeBlock[] {
  return blocksOf(file, readDocument(file));
}

/** A document without its blocks of code. */
export function textOf(file: string): string {
  return readDocument(file).replace(/^\s*```[\s\S]*?^\s*```/gm, "");
}

/** Where the links and pictures of a document lead, as they stand there. */
export function linksOf(file: string): string[] {
  // What is set in backticks shows a link and is none.
  const text = textOf(file).replace(/`[^`\n]*`/g, "``");
  const found = [LINK, DEFINITION, ATTRIBUTE].flatMap((form) => [
    ...text.matchAll(form),
  ]);
  return found.map(([, target = ""]) => target);
}

/** The fenced blocks in the docstrings of a source. */
export function exampleBlocks(file: string): CodeBlock[] {
  const text = readDocument(file)
    .split("\n")
    .map((line) => /^\s*\* ?(.*)$/.exec(line)?.[1] ?? "")
    .join("\n");
  return blocksOf(file, text);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** `[text](target "title")`, with or without `<>`; pictures too. */
const LINK = /\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g;
/** `[name]: target` */
const DEFINITION = /^\[[^\]]+\]:\s+<?([^\s>]+)>?/gm;
const ATTRIBUTE = /(?:src|srcset|href)="([^"]+)"/g;

function blocksOf(file: string, document: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let block: CodeBlock | undefined;
  for (const [index, text] of document.split("\n").entries()) {
    const fence = /^\s*```(\w*)/.exec(text);
    if (fence === null) {
      if (block !== undefined) block.code += `${text}\n`;
    } else if (block === undefined) {
      block = { file, line: index + 2, language: fence[1] ?? "", code: "" };
    } else {
      blocks.push(block);
      block = undefined;
    }
  }
  if (block !== undefined) {
    throw new Error(
      `${file}:${block.line - 1}: this code block has no end. Close it with \`\`\`.`,
    );
  }
  return blocks;
}
