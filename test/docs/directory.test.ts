/** What `docs/component-directory.md` says of the component's functions is so of each of them. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./markdown.js";

const COMPONENT = path.join(ROOT, "convex/sessionTracker");

/** The definition of a function: its name, its builder, and its text up to the handler. */
const DEFINITION =
  /^export const (\w+) = ((?:internal)?(?:query|mutation|action))\(\{([\s\S]*?)\bhandler\b/gim;

const sources = readdirSync(COMPONENT, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.startsWith("_generated"))
  .map((file) => ({
    file,
    text: readFileSync(path.join(COMPONENT, file), "utf8"),
  }));

const definitions = sources.flatMap(({ file, text }) =>
  [...text.matchAll(DEFINITION)].map(
    ({ 1: name, 2: builder, 3: head, index }) => ({
      at: `${file}:${name}`,
      builder: builder!,
      head: head!,
      imports: text.slice(0, index),
    }),
  ),
);

test("the component has functions, by its own builders", () => {
  expect(definitions.length).toBeGreaterThan(80);
  const foreign = definitions.filter(
    ({ imports, builder }) =>
      !new RegExp(
        String.raw`import \{[^}]*\b${builder}\b[^}]*\} from "\.\./(?:\.\./)?_generated/server\.js"`,
      ).test(imports),
  );
  expect(foreign.map(({ at }) => at)).toEqual([]);
});

test("every function is an object with validators of its arguments and of what it returns", () => {
  const incomplete = definitions.filter(
    ({ head }) => !/^\s*args:/m.test(head) || !/^\s*returns:/m.test(head),
  );
  expect(incomplete.map(({ at }) => at)).toEqual([]);
  const all = sources.flatMap(({ text }) => [
    ...text.matchAll(
      /^export const \w+ = (?:internal)?(?:query|mutation|action)\(/gim,
    ),
  ]);
  expect(all).toHaveLength(definitions.length);
});

test("no function asks who is signed in, or filters what an index should find", () => {
  const named = sources
    .filter(({ text }) => /\bctx\.auth\b|\bq\.field\(/.test(text))
    .map(({ file }) => file);
  expect(named).toEqual([]);
});
