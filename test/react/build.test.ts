import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

const FOLDER = join(import.meta.dirname, "../../react");

/** The imports of a file as `tsc` builds it, and its first statement. */
function built(file: string): { imports: string[]; first: string } {
  const source = readFileSync(join(FOLDER, file), "utf8");
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      verbatimModuleSyntax: true,
    },
  });
  const { importedFiles } = ts.preProcessFile(outputText);
  return {
    imports: importedFiles.map(({ fileName }) => fileName),
    first: outputText.split("\n", 1)[0] ?? "",
  };
}

test("the entry, and all modules that use React, are marked as client code for server components", () => {
  const clients = readdirSync(FOLDER)
    .filter((file) => file.endsWith(".ts"))
    .map((file) => ({ file, ...built(file) }))
    .filter(
      ({ file, imports }) =>
        file === "index.ts" ||
        imports.some((name) => ["react", "convex/react"].includes(name)),
    );
  expect(clients.map(({ file, first }) => [file, first])).toEqual(
    [
      "SessionTracker.ts",
      "index.ts",
      "useActiveSessions.ts",
      "useLinkUser.ts",
      "useOwnVisit.ts",
      "useSessionTracker.ts",
    ].map((file) => [file, '"use client";']),
  );
});
