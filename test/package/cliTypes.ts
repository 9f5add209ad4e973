/** What shows that `sessions-ops/cli`, as an app has it installed, has the types of what the CLI prints. */
import { jsonSchemas } from "../../scripts/jsonSchemas.js";

/** TypeScript in which each output is a literal of the shape that the command says it has, so that no field is too many. */
export function asTyped(
  outputs: readonly { shape: string; output: unknown }[],
): string {
  const shapes = [
    ...new Set(outputs.flatMap(({ shape }) => shape.split(" | "))),
  ];
  const constants = outputs.map(
    ({ shape, output }, i) =>
      `export const output${i}: ${shape} = ${JSON.stringify(output)};`,
  );
  return [
    `import type { ${shapes.join(", ")} } from "sessions-ops/cli";`,
    ...constants,
    // What is none of it has to be an error, or the types would be `any`.
    "// @ts-expect-error",
    `export const other: ${shapes[0]} = { nothing: true };`,
  ].join("\n");
}

/** The JSON Schemas of the shapes in a file of types, in a form that compares with those of other files. */
export function comparableSchemas(file: string): unknown {
  return comparable(JSON.parse(jsonSchemas([file])));
}

/**
 * The definitions of the shapes without what is chance: the order of their parts, and how types are called that have
 * no name.
 */
export function comparable(schema: unknown): unknown {
  const { definitions } = schema as { definitions: Record<string, unknown> };
  const shapes = Object.keys(definitions).filter(isName).sort();
  return Object.fromEntries(
    shapes.map((name) => [name, inlined(definitions[name], definitions)]),
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function isName(name: string): boolean {
  return /^\w+$/.test(name);
}

/** The value with the definitions that have no name in the place of references to them. */
function inlined(
  value: unknown,
  definitions: Record<string, unknown>,
): unknown {
  if (Array.isArray(value)) {
    return value
      .map((item) => inlined(item, definitions))
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value !== "object" || value === null) return value;
  const { $ref } = value as { $ref?: string };
  const name = decodeURIComponent($ref?.replace("#/definitions/", "") ?? "x");
  if (!isName(name)) {
    const { $ref: _, ...others } = value as { $ref?: string };
    return {
      ...(inlined(definitions[name], definitions) as object),
      ...(inlined(others, definitions) as object),
    };
  }
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, inlined(inner, definitions)]),
  );
}
