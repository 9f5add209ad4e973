import type { JSONValue } from "convex/values";
import type { Transaction } from "../../database/transactions/transaction.js";
import type {
  ComponentDefinition,
  DeployedCode,
  ModuleSource,
} from "../../functions/types.js";
import type { AuthProvider } from "../auth/authProviders.js";
import type { Environment } from "../environment.js";
import type { AnalyzedModule } from "./analyze.js";
import { mountComponents } from "./components.js";
import type { ComponentDefinitionMetadata } from "./definitions.js";
import { moduleHash } from "./request.js";

/** One definition of the running code, with its sources. */
export interface RevisionDefinition {
  readonly metadata: ComponentDefinitionMetadata;
  readonly schema: JSONValue;
  readonly analysis: ReadonlyMap<string, AnalyzedModule>;
  readonly modules: ReadonlyMap<string, ModuleSource>;
  readonly udfServerVersion: string;
}

/** Everything a push puts in place, as one value. */
export interface CodeRevision {
  /** Number of the push, which grows with every push; 0 before the first. */
  readonly version: number;
  readonly functions: string;
  readonly definitions: ReadonlyMap<string, RevisionDefinition>;
  /** Providers of the app's auth.config, evaluated with the environment of the push. */
  readonly auth: readonly AuthProvider[];
  /** Paths of components that an earlier push mounted; their documents are kept. */
  readonly unmounted: readonly string[];
}

/** The revision before the first push: no code. */
export const EMPTY_REVISION: CodeRevision = {
  version: 0,
  functions: "convex/",
  definitions: new Map(),
  auth: [],
  unmounted: [],
};

const MANIFEST_KEY = "code/manifest";
const MODULE_PREFIX = "code/module/";

/**
 * The stored form of a revision. It names sources by hash, so that a push writes only what changed.
 */
interface Manifest extends Omit<CodeRevision, "definitions"> {
  definitions: Record<string, StoredDefinition>;
}

interface StoredDefinition {
  metadata: ComponentDefinitionMetadata;
  schema: JSONValue;
  analysis: Record<string, AnalyzedModule>;
  modules: { path: string; environment: "isolate" | "node"; hash: string }[];
  udfServerVersion: string;
}

/** Reads the code that the last push stored. */
export function readRevision(tx: Transaction): CodeRevision {
  const text = tx.meta.get(MANIFEST_KEY);
  if (text === undefined) return EMPTY_REVISION;
  // A directory of an earlier version has no providers.
  const { definitions, auth = [], ...rest } = JSON.parse(text) as Manifest;
  const read = Object.entries(definitions).map(
    ([path, { analysis, modules, ...definition }]) =>
      [
        path,
        {
          ...definition,
          analysis: new Map(Object.entries(analysis)),
          modules: new Map(modules.map((m) => [m.path, readModule(tx, m)])),
        },
      ] as const,
  );
  return { ...rest, definitions: new Map(read), auth };
}

/** Stores a push's code in its transaction and drops sources that no definition names. */
export function writeRevision(tx: Transaction, next: CodeRevision): void {
  const needed = new Map<string, ModuleSource>();
  const definitions: Manifest["definitions"] = {};
  for (const [path, definition] of next.definitions) {
    const modules = [...definition.modules.values()].map((module) => {
      const hash = moduleHash(module);
      needed.set(MODULE_PREFIX + hash, module);
      return { path: module.path, environment: module.environment, hash };
    });
    definitions[path] = {
      ...definition,
      analysis: Object.fromEntries(definition.analysis),
      modules,
    };
  }
  for (const { key } of [...tx.meta.range(MODULE_PREFIX)]) {
    if (!needed.delete(key)) tx.meta.delete(key);
  }
  for (const [key, { source, sourceMap }] of needed) {
    tx.meta.put(key, JSON.stringify({ source, sourceMap }));
  }
  tx.meta.put(MANIFEST_KEY, JSON.stringify({ ...next, definitions }));
}

/** A revision in the form in which the runtime takes code, with the environment resolved. */
export function toDeployedCode(
  revision: CodeRevision,
  environment: Environment,
  builtIn: Environment,
): DeployedCode {
  if (revision.version === 0) {
    return { components: new Map(), definitions: new Map() };
  }
  return {
    components: mountComponents(revision.definitions, environment, builtIn),
    definitions: new Map(
      [...revision.definitions].map(([path, definition]) => [
        path,
        toComponentDefinition(definition),
      ]),
    ),
  };
}

/** The static crons of a definition, by identifier. */
export function cronsOf(
  definition: RevisionDefinition | undefined,
): ComponentDefinition["crons"] {
  const crons = definition?.analysis.get("crons.js")?.cronSpecs ?? [];
  return Object.fromEntries(
    crons.map(({ identifier, spec }) => [identifier, spec]),
  );
}

function toComponentDefinition(
  definition: RevisionDefinition,
): ComponentDefinition {
  const functions = [...definition.analysis].map(
    ([path, module]) => [path, module.functions] as const,
  );
  return {
    modules: definition.modules,
    analysis: new Map(functions),
    schema: definition.schema,
    crons: cronsOf(definition),
  };
}

function readModule(
  tx: Transaction,
  { path, environment, hash }: StoredDefinition["modules"][number],
): ModuleSource {
  const stored = JSON.parse(tx.meta.get(MODULE_PREFIX + hash)!) as Pick<
    ModuleSource,
    "source" | "sourceMap"
  >;
  return { path, environment, ...stored };
}
