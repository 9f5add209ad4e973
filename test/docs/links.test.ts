/**
 * Every relative link in a document leads to a file that is there, and every anchor to a heading; links to elsewhere
 * have the form of an address that a reader can open; and each document is reached from the map, `docs/README.md`.
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { documents, linksOf, ROOT, textOf } from "./markdown.js";

const MAP = "docs/README.md";

test.each(documents())(
  "the links in %s lead to existing files and headings, or have the form of an address",
  (document) => {
    const broken = linksOf(document).flatMap((target) => {
      const problem = isElsewhere(target)
        ? problemOfAddress(target)
        : problemOfPath(target, document);
      return problem === null ? [] : [`${target}: ${problem}`];
    });
    expect(broken).toEqual([]);
  },
);

test("the map names each page of docs/", () => {
  const named = new Set(documentsLinkedBy(MAP));
  const pages = documents().filter((file) => path.dirname(file) === "docs");
  expect(pages.filter((page) => page !== MAP && !named.has(page))).toEqual([]);
});

test("each document of the project is reached from the map", () => {
  const reached = new Set([MAP]);
  // A set goes on to what is added while it is gone through.
  for (const document of reached) {
    for (const next of documentsLinkedBy(document)) reached.add(next);
  }
  // Those of hidden folders are for programs.
  const all = documents().filter((file) => !file.startsWith("."));
  expect(all.filter((file) => !reached.has(file))).toEqual([]);
});

test.each([
  ["https://docs.convex.dev/testing", null],
  ["http://docs.convex.dev/testing", "not https"],
  ["https://localhost:3210/", "a host that only one machine knows"],
  ["https://registry.npmjs.org/convex", "a registry, which is for programs"],
  ["https://example.com/x", "an example, which nobody can open"],
  ["https://docs.convex.dev/testing,", "ends with punctuation"],
  ["https://docs.convex.dev/a?utm_source=x", "follows whoever opens it"],
  ["https://", "no address"],
  ["https://github.com/sessions-ops/sessions-ops/blob/main/README.md", null],
  [
    "https://github.com/sessions-ops/sessions-ops/blob/main/nowhere.md",
    "no such file in this repository",
  ],
])("of the address %s is said: %s", (address, problem) => {
  expect(problemOfAddress(address)).toBe(problem);
});

// ── Helpers ─────────────────────────────────────────────────────────────────

/** A file of this repository, by its address. */
const OWN_FILE =
  /^github\.com\/sessions-ops\/sessions-ops\/(?:blob|tree|raw)\/main\/(.+)$/;

function isElsewhere(target: string): boolean {
  return /^[a-z]+:/i.test(target);
}

/** Tests do not use the network, so an address is judged by its form. */
function problemOfAddress(target: string): string | null {
  if (target.startsWith("mailto:")) return null;
  if (!URL.canParse(target)) return "no address";
  const { protocol, hostname, username, pathname, search } = new URL(target);
  if (protocol !== "https:") return "not https";
  if (username !== "") return "has a user's name";
  if (!hostname.includes(".") || /^[\d.]+$|:/.test(hostname)) {
    return "a host that only one machine knows";
  }
  if (/(^|\.)(example\.(com|org|net)|test|invalid)$/.test(hostname)) {
    return "an example, which nobody can open";
  }
  if (/^registry\./.test(hostname)) return "a registry, which is for programs";
  if (/[.,;)]$/.test(target)) return "ends with punctuation";
  if (/[?&]utm_/.test(search)) return "follows whoever opens it";
  const own = OWN_FILE.exec(hostname + pathname)?.[1];
  if (own !== undefined && !existsSync(path.join(ROOT, own))) {
    return "no such file in this repository";
  }
  return null;
}

function problemOfPath(target: string, document: string): string | null {
  const [, anchor] = target.split("#");
  const linked = fileOf(target, document);
  if (!existsSync(path.join(ROOT, linked))) return "no such file";
  if (anchor === undefined || anchorsOf(linked).includes(anchor)) return null;
  return "no such heading";
}

/** The path from the root of the file that a relative link of a document leads to. */
function fileOf(target: string, document: string): string {
  const [file = ""] = target.split("#");
  if (file === "") return document;
  return path.normalize(path.join(path.dirname(document), file));
}

function documentsLinkedBy(document: string): string[] {
  return linksOf(document)
    .filter((target) => !isElsewhere(target))
    .map((target) => fileOf(target, document))
    .filter(
      (file) => file.endsWith(".md") && existsSync(path.join(ROOT, file)),
    );
}

/** The anchors of headings, as GitHub makes them. */
function anchorsOf(document: string): string[] {
  const seen = new Map<string, number>();
  return [...textOf(document).matchAll(/^#+ (.+)$/gm)].map(
    ([, heading = ""]) => {
      const anchor = heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replace(/\s/g, "-");
      const times = seen.get(anchor) ?? 0;
      seen.set(anchor, times + 1);
      return times === 0 ? anchor : `${anchor}-${times}`;
    },
  );
}
