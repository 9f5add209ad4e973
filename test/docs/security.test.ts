/** `docs/security.md`: each line names a test that is there, and each public function has a line. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { ComponentApi } from "../../convex/sessionTracker/_generated/component.js";
import { exposeSessions } from "../../client/index.js";
import { readDocument, ROOT } from "./markdown.js";

const lines = readDocument("docs/security.md")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (function|who|-)/.test(line))
  .map((line) => line.split("|").map((cell) => cell.trim()));

test.each(lines.map((cells) => [cells[1], cells[2], cells.at(-2) ?? ""]))(
  "%s, %s: held by %s",
  (_function, _who, heldBy) => {
    const [, file = "", title = ""] = /^`(.+)`: "(.+)"$/.exec(heldBy) ?? [];
    expect(file).toMatch(/\.test\.ts$/);
    const source = path.join(ROOT, file);
    expect(existsSync(source)).toBe(true);
    expect(readFileSync(source, "utf8")).toContain(`"${title}"`);
  },
);

test("each public function has a line", () => {
  const named = new Set(lines.map((cells) => cells[1]));
  const all = Object.keys(exposeSessions({} as ComponentApi));
  expect(all.filter((name) => !named.has(`\`${name}\``))).toEqual([]);
});
