/** The layout of the code: folders are named after their subject, and not crowded. */
import { execFileSync } from "node:child_process";
import path from "node:path";
import { expect, test } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "..");
const MAX_FILES = 15;
/** Folders with one file for each command, however many there are. */
const LISTS = ["cli/commands"];
const CODE = /\.(ts|tsx|mjs|js|css)$/;

const folders = filesByFolder();

test("the layout check covers all code", () => {
  expect(folders.get("convex/sessionTracker/runs")).toContain("page.ts");
});

test("no folder has more than fifteen files of code", () => {
  const crowded = [...folders]
    .filter(([folder]) => !LISTS.includes(folder))
    .filter(([, files]) => files.length > MAX_FILES)
    .map(([folder, files]) => `${folder}: ${files.length} files`);
  expect(crowded).toEqual([]);
});

test("no folder has a name without a subject, such as lib", () => {
  const named = [...folders.keys()].filter((folder) =>
    /(^|\/)(lib|libs|utils?|helpers|misc|common)(\/|$)/.test(folder),
  );
  expect(named).toEqual([]);
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The names of the files that somebody wrote, by their folder. */
function filesByFolder(): Map<string, string[]> {
  const listed = execFileSync(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard"],
    { cwd: ROOT, encoding: "utf8" },
  );
  const found = new Map<string, string[]>();
  for (const file of listed.split("\n")) {
    if (!CODE.test(file) || file.includes("/_generated/")) continue;
    const folder = path.dirname(file);
    found.set(folder, [...(found.get(folder) ?? []), path.basename(file)]);
  }
  return found;
}
