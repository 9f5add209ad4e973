import { EmbeddedError } from "../../errors.js";
import { Realm } from "./realm.js";
import type { Restrictions } from "./restrictions.js";
import { describeThrown } from "../stackTrace.js";
import type { ModuleNamespace, ModuleSource } from "../types.js";

/**
 * Evaluates modules in a fresh context and returns the exports of `entryPoints` by path: a push's
 * code before it is deployed. Other modules are evaluated when an entry point imports them.
 *
 * @throws EmbeddedError "invalidPush" naming the module that failed and why.
 */
export async function loadModules(
  modules: ReadonlyMap<string, ModuleSource>,
  entryPoints: Iterable<string>,
  options: {
    env: Readonly<Record<string, string>>;
    nowMs: number;
    importTimeoutMs?: number;
    restrictions?: Restrictions;
  },
): Promise<Map<string, ModuleNamespace>> {
  const { nowMs: importedAtMs, ...rest } = options;
  const realm = new Realm(modules, { ...rest, importedAtMs });
  const namespaces = new Map<string, ModuleNamespace>();
  for (const path of entryPoints) {
    try {
      namespaces.set(path, await realm.load(path));
    } catch (cause) {
      const { message } = await describeThrown(cause, (file) =>
        modules.get(file),
      );
      throw new EmbeddedError(
        "invalidPush",
        `Failed to analyze ${path}: ${message}`,
        { cause },
      );
    }
  }
  return namespaces;
}
