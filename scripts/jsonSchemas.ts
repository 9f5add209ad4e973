/** The JSON Schemas of what the CLI prints, made from its types. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import {
  buildGenerator,
  programFromConfig,
  type Definition,
} from "typescript-json-schema";

const ROOT = join(import.meta.dirname, "..");
const SHAPES = join(ROOT, "cli/json");

/**
 * A schema with a definition for each shape that `--json` and `--jsonl` print, as the text of its file.
 * @param files those that the shapes are in
 */
export function jsonSchemas(files = sources()): string {
  const program = programFromConfig(join(ROOT, "tsconfig.json"), files);
  const generator = buildGenerator(program, {
    required: true,
    noExtraProps: true,
    // `npm run typecheck` has them, by another version of the compiler.
    ignoreErrors: true,
  });
  if (generator === null) throw new Error("The types were not understood.");
  const names = generator
    .getMainFileSymbols(program, files)
    .filter((name) => name.endsWith("Json"));
  const { definitions = {} } = generator.getSchemaForSymbols(names);
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "What `sessions-ops` prints with --json and --jsonl",
    definitions: byPlainName(definitions),
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function sources(): string[] {
  return readdirSync(SHAPES, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => join(SHAPES, name));
}

/** Where a type is imported from, in its name and in references to it. */
const PATH = /import\((?:(?!\)\.).)*\)\./g;

/** Definitions by the names of their types, without the paths that some of them come with. */
function byPlainName(
  definitions: Record<string, Definition | boolean>,
): Record<string, unknown> {
  const found = new Map<string, string>();
  for (const [name, definition] of Object.entries(definitions)) {
    const text = JSON.stringify(definition).replaceAll(PATH, "");
    const plain = name.replaceAll(PATH, "");
    // The short name of a shape that has one with its path as well.
    const { $ref } = JSON.parse(text) as { $ref?: string };
    if ($ref === `#/definitions/${plain}`) continue;
    const other = found.get(plain);
    if (other !== undefined && other !== text) {
      throw new Error(`There are two shapes called ${plain}: rename one.`);
    }
    found.set(plain, text);
  }
  return Object.fromEntries(
    [...found]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, text]) => [name, JSON.parse(text) as unknown]),
  );
}
