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

// The changelog names what was there at its time.
test.each(documents().filter((document) => document !== "CHANGELOG.md"))(
  "what %s names is there",
  (document) => {
    const named = [...readDocument(document).matchAll(PATH)].map(
      ([, name = ""]) => name,
    );
    expect(named.filter((name) => !isThere(name, document))).toEqual([]);
  },
);

// ── Helpers ─────────────────────────────────────────────────────────────────

/** A file by its extension, a folder by its slash at the end; not what users have, such as a folder of data. */
const PATH =
  /`(\w[\w.-]*\/(?:[\w.-]+\/)*(?:[\w.-]+\.(?:tsx?|mjs|json|md|css|html))?)`/g;

/** Documents name what is in their folder by as much of its path as tells it from the rest. */
function isThere(name: string, document: string): boolean {
  const folder = path.dirname(document);
  const within = folder === "." ? "" : `${folder}/`;
  return files.some(
    (file) =>
      file.startsWith(name) ||
      (file.startsWith(within) && `/${file}`.includes(`/${name}`)),
  );
}
