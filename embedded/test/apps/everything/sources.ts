import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { TestIssuer } from "../../support/tokens.js";

const FOLDER = path.join(import.meta.dirname, "convex");

/**
 * The files of the app, by their paths in the folder of a project.
 * @param isIndexed - whether its schema has the indexes that a push has to fill
 */
export async function sources(
  isIndexed = true,
): Promise<Record<string, string>> {
  const names = await readdir(FOLDER, { recursive: true });
  const files = names
    .filter((name) => /\.[jt]s$/.test(name))
    .map(async (name) => {
      const text = await readFile(path.join(FOLDER, name), "utf8");
      return [`convex/${name}`, text] as const;
    });
  return {
    ...Object.fromEntries(await Promise.all(files)),
    "convex/variant.ts": `export const isIndexed: boolean = ${isIndexed};\n`,
  };
}

/** The body of `/api/update_environment_variables` with what the app reads, and whatever else. */
export function environment(
  { issuer, jwks }: TestIssuer,
  others: Readonly<Record<string, string>> = {},
): object {
  const variables = { AUTH_ISSUER: issuer, AUTH_JWKS: jwks, ...others };
  return {
    changes: Object.entries(variables).map(([name, value]) => ({
      name,
      value,
    })),
  };
}
