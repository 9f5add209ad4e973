/** The README is short: it says what this is and how to begin, and its pictures are small. */
import { statSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { linksOf, readDocument, ROOT } from "./markdown.js";

const readme = readDocument("README.md");

test("it has less than 170 lines", () => {
  expect(readme.trimEnd().split("\n").length).toBeLessThan(170);
});

test("its pictures are small, and say in words what they show", () => {
  const pictures = linksOf("README.md").filter((target) =>
    target.startsWith("docs/images/"),
  );
  expect(pictures).toHaveLength(2);
  for (const picture of pictures) {
    expect(statSync(path.join(ROOT, picture)).size).toBeLessThan(200_000);
  }
  expect(readme.match(/<img [^>]*alt="[^"]{20,}"/g)).toHaveLength(2);
});

test("it says how to run the tests", () => {
  expect(readme).toContain("npm install && npm test");
});
