/** The reference of what apps import: a page for each entry point of the packages, made of its docstrings. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Application,
  Converter,
  LogLevel,
  ReflectionKind,
  type Context,
} from "typedoc";
import type { PluginOptions } from "typedoc-plugin-markdown";
import ts from "typescript";
import { withMendedLinks } from "./anchors.js";

const ROOT = join(import.meta.dirname, "../..");

/** By the name of its page: how an app imports it, its source, and what it has. */
const ENTRIES: Record<string, { name: string; source: string; about: string }> =
  {
    "sessions-ops": {
      name: "sessions-ops",
      source: "client/index.ts",
      about: "an app's functions, and the class for functions of its own",
    },
    react: {
      name: "sessions-ops/react",
      source: "react/index.ts",
      about: "the component and the hooks of pages",
    },
    test: {
      name: "sessions-ops/test",
      source: "client/test.ts",
      about: "the component in a `convex-test` suite",
    },
    "convex.config": {
      name: "sessions-ops/convex.config",
      source: "convex/sessionTracker/convex.config.ts",
      about: "what an app mounts",
    },
    cli: {
      name: "sessions-ops/cli",
      source: "cli/types.ts",
      about: "types of what the CLI prints with `--json` and `--jsonl`",
    },
    embedded: {
      name: "@sessions-ops/embedded",
      source: "embedded/src/index.ts",
      about: "a deployment in one Node process, for developing, testing and CI",
    },
    "embedded-vitest": {
      name: "@sessions-ops/embedded/vitest",
      source: "embedded/src/vitest/index.ts",
      about: "deployments for tests, with a clock to turn",
    },
  };

/** Named by exported types, and exported by none: what is said of them is said there. */
const NOT_EXPORTED = [
  // Generated; `ComponentApi` is its name.
  "convex/sessionTracker/_generated/component.ts:ComponentApi",
];

/**
 * Of what has no docstring: fields of validators, which are those of documented types, and of the small objects within the
 * shapes of `cli/json`, which the docstring of their field tells.
 */
const INFERRED =
  /^(sessions-ops\.(exposeSessions|vHookArgs|Hook)|react\.SessionFunctions\.\w+|cli(\.\w+){2}\.__type)[. ].* does not have any/;

const LOOK: Partial<PluginOptions> = {
  outputFileStrategy: "modules",
  flattenOutputFiles: true,
  hidePageHeader: true,
  hideBreadcrumbs: true,
  hideGroupHeadings: true,
  expandParameters: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  typeAliasPropertiesFormat: "table",
  propertyMembersFormat: "table",
  tableColumnSettings: { hideInherited: true, hideModifiers: true },
  pageTitleTemplates: {
    index: "API",
    module: ({ rawName }) => ENTRIES[rawName]?.name ?? rawName,
  },
};

/**
 * The pages by their names.
 * @throws Error with what is wrong: a public name without a docstring, a type that a public one names and that is not
 *   exported, a link that leads nowhere
 */
export async function apiPages(): Promise<Map<string, string>> {
  const problems: string[] = [];
  const app = await Application.bootstrapWithPlugins(
    {
      plugin: ["typedoc-plugin-markdown"],
      name: "sessions-ops",
      logLevel: LogLevel.Warn,
      entryPoints: Object.values(ENTRIES).map(({ source }) => source),
      basePath: ROOT,
      readme: "none",
      // Lines and commits would change the pages whenever the code does.
      disableSources: true,
      excludeInternal: true,
      excludePrivate: true,
      excludeProtected: true,
      excludeReferences: true,
      // `npm run typecheck` has them.
      skipErrorChecking: true,
      sort: ["kind", "source-order"],
      groupOrder: ["Functions", "Classes", "Interfaces", "Type Aliases", "*"],
      kindSortOrder: [
        "Module",
        "Function",
        "Class",
        "Interface",
        "TypeAlias",
        "Variable",
      ],
      validation: { notDocumented: true, notExported: true, invalidLink: true },
      intentionallyNotExported: NOT_EXPORTED,
      ...LOOK,
    } as object,
    [],
  );
  app.logger.log = (message, level) => {
    const problem = message.replaceAll(COLORS, "").replace(/^\[warning\] /, "");
    if (level >= LogLevel.Warn && !INFERRED.test(problem))
      problems.push(problem);
  };
  const read = ts.getParsedCommandLineOfConfigFile(
    join(ROOT, "tsconfig.json"),
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: raise },
  );
  const sources = Object.values(ENTRIES).map(({ source }) =>
    join(ROOT, source),
  );
  app.options.setCompilerOptions(sources, read?.options ?? {}, undefined);
  app.converter.on(Converter.EVENT_RESOLVE_END, nameModules);

  const project = await app.convert();
  if (project === undefined) throw new Error(problems.join("\n"));
  app.validate(project);
  const folder = mkdtempSync(join(tmpdir(), "sessions-ops-api-"));
  try {
    app.options.setValue("outputs", [{ name: "markdown", path: folder }]);
    await app.generateOutputs(project);
    if (problems.length > 0)
      throw new Error(`The reference:\n${problems.join("\n")}`);
    // The index names the pages only.
    const names = readdirSync(folder).filter((name) => name !== INDEX);
    const pages = new Map(
      names.map((name) => [name, readFileSync(join(folder, name), "utf8")]),
    );
    return withMendedLinks(pages.set(INDEX, indexPage()));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** How the terminal is told of colours. */
const COLORS = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g");

const INDEX = "README.md";

/** The page that leads to the others, in the order of the entry points. */
function indexPage(): string {
  const lines = Object.entries(ENTRIES).map(
    ([page, { name, about }]) => `- [\`${name}\`](${page}.md): ${about}`,
  );
  return `# API\n\nMade by \`npm run codegen\` of the docstrings, which editors show as well.\n\n${lines.join("\n")}\n`;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Gives the entry points the names of their pages, in place of those of their sources. */
function nameModules({ project }: Context): void {
  for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
    const entry = Object.entries(ENTRIES).find(([, { source }]) =>
      [`${module.name}.ts`, `${module.name}/index.ts`].includes(source),
    );
    if (entry === undefined) throw new Error(`No entry is ${module.name}.`);
    module.name = entry[0];
  }
}

function raise({ messageText }: ts.Diagnostic): never {
  throw new Error(ts.flattenDiagnosticMessageText(messageText, "\n"));
}
