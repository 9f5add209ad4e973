/**
 * Every block of TypeScript in a document, and every example in a docstring of what apps import, compiles, with the
 * package's names standing for its sources. A block whose first line is a comment with a path is that file of an
 * app; what one block defines the others of its document may import.
 */
import { readdirSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import {
  codeBlocks,
  documents,
  exampleBlocks,
  ROOT,
  type CodeBlock,
} from "./markdown.js";

/** The packages that documents import by name, as this project's own code does by path. */
const SOURCES = {
  "sessions-ops": ["client/index.ts"],
  "sessions-ops/convex.config": ["convex/sessionTracker/convex.config.ts"],
  "sessions-ops/react": ["react/index.ts"],
  "sessions-ops/cli": ["cli/types.ts"],
  "sessions-ops/test": ["client/test.ts"],
  "@sessions-ops/embedded": ["embedded/src/index.ts"],
  "@sessions-ops/embedded/vitest": ["embedded/src/vitest/index.ts"],
};

const OPTIONS: ts.CompilerOptions = {
  ...readOptions(),
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  jsx: ts.JsxEmit.ReactJSX,
  // Some templates and apps have this option.
  noPropertyAccessFromIndexSignature: true,
  // The template of Vite has these types.
  types: ["node", "vite/client"],
  paths: Object.fromEntries(
    Object.entries(SOURCES).map(([name, files]) => [
      name,
      files.map((file) => path.join(ROOT, file)),
    ]),
  ),
};

const CODE = ["ts", "tsx"];
// The reference has those of the docstrings.
const written = documents().filter((file) => !file.startsWith("docs/api/"));
const withCode = written.filter((file) =>
  codeBlocks(file).some(({ language }) => CODE.includes(language)),
);

test("the README is among the documents with code", () => {
  expect(withCode).toContain("README.md");
});

test.each(withCode)(
  "the code in %s compiles",
  { timeout: 120_000 },
  (document) => {
    const together = TOGETHER.find((documents) => documents.includes(document));
    const problems = problemsOfAll(together ?? [document]);
    expect(
      problems.filter((problem) => problem.startsWith(`${document}:`)),
    ).toEqual([]);
  },
);

test("the examples in docstrings compile", { timeout: 120_000 }, () => {
  const found = DOCUMENTED.flatMap(sourcesIn).flatMap(exampleBlocks);
  const whole = found.map((block) => wholeExample(block, found));
  expect(whole.length).toBeGreaterThan(30);
  expect(problemsOf(whole)).toEqual([]);
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Documents that have no file of the same name, and so can be one program, which is what costs. */
const TOGETHER = withCode.reduce<string[][]>((groups, document) => {
  const files = namesIn(document);
  const group = groups.find((others) =>
    others.flatMap(namesIn).every((file) => !files.includes(file)),
  );
  if (group === undefined) return [...groups, [document]];
  group.push(document);
  return groups;
}, []);

const found = new Map<string[], string[]>();

function problemsOfAll(documents: string[]): string[] {
  const problems =
    found.get(documents) ?? problemsOf(documents.flatMap(codeBlocks));
  found.set(documents, problems);
  return problems;
}

/** The files that the blocks of a document are. */
function namesIn(document: string): string[] {
  return codeBlocks(document)
    .filter(({ language }) => CODE.includes(language))
    .map(fileOf);
}

/** The files that are on disk, which each program has anew and need be parsed once. */
const PARSED = new Map<string, ts.SourceFile | undefined>();

/** What has the docstrings of what apps import: files, and folders with all that is in them. */
const DOCUMENTED = [
  "client",
  "react",
  "convex/sessionTracker/convex.config.ts",
  "embedded/src/index.ts",
  "embedded/src/vitest",
];

function sourcesIn(name: string): string[] {
  if (name.endsWith(".ts")) return [name];
  return readdirSync(path.join(ROOT, name), { recursive: true })
    .map((file) => `${name}/${String(file)}`)
    .filter((file) => file.endsWith(".ts"));
}

/** The examples that are the heads of the files which others go on with, by where those are. */
const HEADS = {
  "client/": "// convex/figures.ts",
  "embedded/src/vitest/": "// test/visitors.test.ts",
};

/** An example that is part of a file, with what comes before it there. */
function wholeExample(block: CodeBlock, found: CodeBlock[]): CodeBlock {
  const { code, line, file } = block;
  if (/^\/\/ |^import /.test(code)) return block;
  const [, first = ""] =
    Object.entries(HEADS).find(([folder]) => file.startsWith(folder)) ?? [];
  const head = found.find((one) => one.code.startsWith(first));
  if (first === "" || head === undefined) return block;
  const name = path.basename(file, ".ts") + line;
  const before = head.code.replace(/\w+(?=\.(test\.)?ts\n)/, name);
  const lines = before.split("\n").length - 1;
  return { ...block, code: before + code, line: line - lines };
}

/** The compiler's errors, each with the line of the document that it is about. */
function problemsOf(found: CodeBlock[]): string[] {
  const blocks = new Map(
    found
      .filter(({ language }) => CODE.includes(language))
      .map((block) => [fileOf(block), block]),
  );
  const folders = new Set([...blocks.keys()].map((file) => path.dirname(file)));
  const disk = ts.createCompilerHost(OPTIONS);
  const host: ts.CompilerHost = {
    ...disk,
    directoryExists: (folder) =>
      folders.has(folder) || disk.directoryExists!(folder),
    fileExists: (file) => blocks.has(file) || disk.fileExists(file),
    readFile: (file) => blocks.get(file)?.code ?? disk.readFile(file),
    getSourceFile(file, options, ...rest) {
      const code = blocks.get(file)?.code;
      if (code !== undefined) {
        return ts.createSourceFile(file, code, options);
      }
      const parsed =
        PARSED.get(file) ?? disk.getSourceFile(file, options, ...rest);
      PARSED.set(file, parsed);
      return parsed;
    },
  };
  const ambient = path.join(ROOT, "example/src/vite-env.d.ts");
  const program = ts.createProgram([...blocks.keys(), ambient], OPTIONS, host);
  return [...blocks].flatMap(([file, block]) => {
    const source = program.getSourceFile(file);
    return ts
      .getPreEmitDiagnostics(program, source)
      .map((problem) => describe(problem, block));
  });
}

/**
 * The path of a block in the app that this repository is, so that its generated files are there to be
 * imported.
 */
function fileOf({ code, line, language, file }: CodeBlock): string {
  const [, named] = /^\/\/ (\S+\.tsx?)/.exec(code) ?? [];
  return path.join(
    ROOT,
    named ?? `${file.replace(/\W/g, "_")}_${line}.${language}`,
  );
}

function describe(
  { file, start, messageText }: ts.Diagnostic,
  block: CodeBlock,
): string {
  const place = file?.getLineAndCharacterOfPosition(start ?? 0);
  const line = block.line + (place?.line ?? 0);
  const text = ts.flattenDiagnosticMessageText(messageText, "\n");
  return `${block.file}:${line}: ${text}`;
}

function readOptions(): ts.CompilerOptions {
  const file = path.join(ROOT, "tsconfig.json");
  const read = ts.readConfigFile(file, (name) => ts.sys.readFile(name));
  return ts.parseJsonConfigFileContent(read.config, ts.sys, ROOT).options;
}
