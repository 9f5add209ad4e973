import { expect } from "vitest";
import type {
  AnalyzedFunction,
  ModuleLoader,
  ModuleNamespace,
} from "../../../src/functions/types.js";
import { analyzeModules } from "../../../src/server/push/analyze.js";

/** The result of `import.meta.glob`: modules by file name, to be imported when needed. */
export type ModuleGlob = Readonly<Record<string, () => Promise<unknown>>>;

/** Modules of one component in this process, with the functions they export. */
export interface LiveModules extends ModuleLoader {
  readonly analysis: ReadonlyMap<string, readonly AnalyzedFunction[]>;
}

/** Imports a glob's entry points. @param ofTest - functions that the running test adds, by path */
export async function importModules(
  glob: ModuleGlob,
  ofTest?: ReadonlyMap<string, ModuleNamespace>,
): Promise<LiveModules> {
  const namespaces = new Map(ofTest);
  await Promise.all(
    entryPoints(glob, ofTest !== undefined).map(async ([modulePath, load]) => {
      namespaces.set(modulePath, (await load()) as ModuleNamespace);
    }),
  );
  return {
    analysis: new Map(
      [...namespaces].map(([modulePath, exports]) => [
        modulePath,
        functionsOf(exports),
      ]),
    ),
    load(modulePath) {
      const namespace = namespaces.get(modulePath);
      return namespace === undefined
        ? Promise.reject(new Error(`There is no module ${modulePath}`))
        : Promise.resolve(namespace);
    },
  };
}

/** The files that a push would bundle, by their path from the folder that holds `_generated`. */
function entryPoints(
  glob: ModuleGlob,
  withRunningTest: boolean,
): [string, () => Promise<unknown>][] {
  const files = Object.keys(glob);
  const generated = files.find((file) => file.includes("_generated"));
  if (files.length > 0 && generated === undefined) {
    throw new Error(
      "The modules do not include the _generated folder, which tells where function paths begin.",
    );
  }
  const root = generated?.slice(0, generated.indexOf("_generated")) ?? "";
  return Object.entries(glob).flatMap(([file, load]) => {
    const isEntryPoint =
      file.startsWith(root) &&
      (ENTRY_POINT.test(file.slice(root.length)) ||
        (withRunningTest && isRunningTest(file)));
    return isEntryPoint
      ? [[file.slice(root.length).replace(/\.\w+$/, ".js"), load]]
      : [];
  });
}

/** A file of functions: no second dot, as in `lib.test.ts`; neither schema nor generated code. */
const ENTRY_POINT = /^(?!_generated\/|schema\.)[^.]+\.[cm]?[jt]sx?$/;

/**
 * Whether the file is the running test, which may define functions of its own. It is loaded
 * already, so importing it runs nothing.
 */
function isRunningTest(file: string): boolean {
  const { testPath } = expect.getState();
  return testPath?.endsWith(file.replace(/^[./]+/, "/")) === true;
}

const analyzed = new WeakMap<ModuleNamespace, readonly AnalyzedFunction[]>();

function functionsOf(exports: ModuleNamespace): readonly AnalyzedFunction[] {
  let functions = analyzed.get(exports);
  if (functions === undefined) {
    // A neutral path: routes and crons have no part in tests of functions.
    functions =
      analyzeModules(new Map([["live.js", exports]])).get("live.js")
        ?.functions ?? [];
    analyzed.set(exports, functions);
  }
  return functions;
}
