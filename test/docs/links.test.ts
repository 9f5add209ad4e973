/** Every relative link in a document leads to a file that is there, and every anchor to a heading. */
import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { documents, readDocument, ROOT } from "./markdown.js";

test.each(documents())(
  "the links in %s lead to existing files and headings",
  (document) => {
    const links = [...withoutCode(document).matchAll(/\]\(([^)\s]+)\)/g)].map(
      ([, target = ""]) => target,
    );
    expect(links.filter((target) => !leads(target, document))).toEqual([]);
  },
);

// ── Helpers ─────────────────────────────────────────────────────────────────

function leads(target: string, document: string): boolean {
  // Tests do not use the network.
  if (/^https?:/.test(target)) return true;
  const [file = "", anchor] = target.split("#");
  const linked =
    file === "" ? document : path.join(path.dirname(document), file);
  if (!existsSync(path.join(ROOT, linked))) return false;
  return anchor === undefined || anchorsOf(linked).includes(anchor);
}

/** The anchors of headings, as GitHub makes them. */
function anchorsOf(document: string): string[] {
  return [...withoutCode(document).matchAll(/^#+ (.+)$/gm)].map(
    ([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replace(/\s/g, "-"),
  );
}

function withoutCode(document: string): string {
  return readDocument(document).replace(/^\s*```[\s\S]*?^\s*```/gm, "");
}
