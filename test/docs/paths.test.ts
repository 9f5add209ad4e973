/** Every file and folder that a document names is there, in the document's folder or from the root. */
import { execFileSync } from "node:child_process";
import path from "node:path";
import { expect, test } from "vitest";
import { documents, readDocument, ROOT } from "./markdown.js";

const files = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard"],
  { cwd: ROOT, encoding: "utf8" },
).split("\n");

// The changelog names files that were there at its time, and docstrings those of the apps in their examples.
const written = documents().filter(
  (document) =>
    document !== "CHANGELOG.md" && !document.startsWith("docs/api/"),
);

test.each(written)("the files and folders that %s names exist", (document) => {
  const named = [...readDocument(document).matchAll(PATH)].map(
    ([, name = ""]) => name,
  );
  expect(named.filter((name) => !isThere(name, document))).toEqual([]);
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/**
 * The name of a file by its extension, or of a folder by its slash at the end; not of a user's own,
 * such as a folder of data.
 */
const PATH =
  /`(\w[\w.-]*\/(?:[\w.-]+\/)*(?:[\w.-]+\.(?:tsx?|mjs|json|md|css|html))?)`/g;

/**
 * Whether a file has the name. Documents name files of their folder by as much of the path as tells it
 * from the rest.
 */
function isThere(name: string, document: string): boolean {
  const folder = path.dirname(document);
  const within = folder === "." ? "" : `${folder}/`;
  return files.some(
    (file) =>
      file.startsWith(name) ||
      (file.startsWith(within) && `/${file}`.includes(`/${name}`)),
  );
}
