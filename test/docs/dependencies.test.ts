/** docs/dependencies.md names each runtime dependency, where the manifests have it. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { readDocument, ROOT } from "./markdown.js";

interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  license: string;
}

const PACKAGES = [
  ["sessions-ops", "."],
  ["@sessions-ops/embedded", "embedded"],
] as const;

test.each(PACKAGES)(
  "each dependency of %s is said, with its licence",
  (name, folder) => {
    const { dependencies } = manifest(folder);
    const rows = rowsOf(`\`${name}\``);
    expect(rows.map(([cell]) => cell).sort()).toEqual(
      Object.keys(dependencies)
        .map((each) => `\`${each}\``)
        .sort(),
    );
    for (const [cell = "", , , licence] of rows) {
      const at = path.join("node_modules", cell.replaceAll("`", ""));
      const place = [path.join(folder, at), at].find((each) =>
        existsSync(path.join(ROOT, each)),
      );
      expect(licence, cell).toBe(manifest(place!).license);
    }
  },
);

test("what is held back is a dependency, and is at the version that is said", () => {
  const ranges = PACKAGES.map(([, folder]) => manifest(folder)).flatMap(
    ({ dependencies, devDependencies }) =>
      Object.entries({ ...devDependencies, ...dependencies }),
  );
  for (const [cell = "", at = ""] of rowsOf("Held back")) {
    const [name = ""] = /(?<=`)[^`]+(?=`)/.exec(cell) ?? [];
    const [version = ""] = /\d+(\.\d+)*/.exec(at) ?? [];
    const used = ranges
      .filter(([each]) => each === name)
      .map(([, range]) => range.replace(/^[\^~]/, ""));
    expect(used.length, cell).toBeGreaterThan(0);
    for (const range of used) {
      expect(`${range}.`.startsWith(`${version}.`), `${name}@${range}`).toBe(
        true,
      );
    }
  }
});

function manifest(folder: string): Manifest {
  const file = path.join(ROOT, folder, "package.json");
  return JSON.parse(readFileSync(file, "utf8")) as Manifest;
}

/** The cells of the table below a heading, without its own. */
function rowsOf(heading: string): string[][] {
  const [, after = ""] = readDocument("docs/dependencies.md").split(
    `\n## ${heading}\n`,
  );
  const [section = ""] = after.split("\n## ");
  return section
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    );
}
