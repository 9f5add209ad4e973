import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "dotenv";

/** One source of variables: the process, `.env.local` or `.env`. */
export interface EnvLayer {
  readonly name: string;
  readonly values: Readonly<Record<string, string | undefined>>;
}

export interface EnvValue {
  readonly value: string;
  readonly layer: string;
}

/** The name of the process's own layer. */
export const ENVIRONMENT = "the environment";

/** The layers the official CLI reads, in its order; an earlier one is never overridden. */
export function readEnvLayers(
  env: EnvLayer["values"],
  cwd: string,
): EnvLayer[] {
  const files = [".env.local", ".env"].flatMap((name) => {
    const path = join(cwd, name);
    return existsSync(path)
      ? [{ name, values: parse(readFileSync(path)) }]
      : [];
  });
  return [{ name: ENVIRONMENT, values: env }, ...files];
}

/**
 * The value of a variable and the layer it is from. A variable that is set to nothing hides the
 * same one in later layers, as it does for dotenv.
 */
export function lookup(layers: EnvLayer[], variable: string): EnvValue | null {
  const layer = layers.find(({ values }) => values[variable] !== undefined);
  const value = layer?.values[variable];
  return layer && value ? { value, layer: layer.name } : null;
}
