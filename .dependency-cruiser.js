/**
 * Who may import whom: `npm run lint` is red where a file imports against the layout, types included.
 * Folders that are not named here are the business of whoever imports them.
 */

/** Of the browser's engine, what it does unless an app says otherwise: numbers, and no code. */
const BROWSER_NUMBERS = "react/engine/limits.ts";

/** What each part may import of the others; packages by name are package.json's business. */
const PARTS = {
  "convex/sessionTracker": [],
  client: ["convex/sessionTracker"],
  convex: ["client", "convex/sessionTracker"],
  react: ["client"],
  cli: ["convex/sessionTracker", BROWSER_NUMBERS],
  ui: [],
  dashboard: ["ui", "cli"],
  "embedded/src": [],
  "embedded/test": ["embedded/src"],
  example: ["ui"],
};

/** Floors and rooms, each of which imports only those after it. */
const DOWNWARDS = {
  "convex/sessionTracker": [
    "operator",
    "alerts",
    "schedules",
    "runs",
    "visitors",
    "settings",
    "rows",
    "shared",
  ],
  "embedded/src": [
    "server",
    "functions",
    "scheduler",
    "files",
    "database",
    "storage",
  ],
  "embedded/src/database": [
    "imports",
    "schema",
    "transactions",
    "queries",
    "records",
    "vectors",
    "search",
    "values",
  ],
};

/** Of the component, what knows no deployment: validators, types, pure rules. */
const RULES = [
  "_generated/",
  "shared/",
  "settings/policy.ts",
  "schedules/fires.ts",
].map((path) => `^convex/sessionTracker/${path}`);

/** As it is, and not bundled. */
const PUBLISHED = ["client", "react", "convex/sessionTracker", "embedded/src"];

/** Whatever is in a folder; or a file. */
const own = (path) => (path.endsWith(".ts") ? `^${path}$` : `^${path}/`);

const parts = Object.entries(PARTS).map(([part, others]) => ({
  name: `${part} imports ${["of ours only itself", ...others].join(", ")}`,
  severity: "error",
  from: {
    path: own(part),
    pathNot: Object.keys(PARTS)
      .filter((other) => other.startsWith(`${part}/`))
      .map(own),
  },
  to: {
    pathNot: ["(^|/)node_modules/", ...[part, ...others].map(own)],
    dependencyTypesNot: ["core"],
  },
}));

const downwards = Object.entries(DOWNWARDS).flatMap(([part, floors]) =>
  floors.slice(1).map((floor, n) => ({
    name: `${part}/${floor} imports nothing above it`,
    severity: "error",
    from: { path: own(`${part}/${floor}`) },
    to: {
      path: floors.slice(0, n + 1).map((above) => own(`${part}/${above}`)),
    },
  })),
);

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    ...parts,
    ...downwards,
    {
      name: "others import only rules and generated types of the component",
      comment: "What takes a ctx runs in a deployment.",
      severity: "error",
      from: {
        path: ["client", "react", "cli", "dashboard"].map(own),
        // It registers the schema with an app's tests.
        pathNot: "^client/test\\.ts$",
      },
      to: { path: own("convex/sessionTracker"), pathNot: RULES },
    },
    {
      name: "the browser's engine knows no React",
      severity: "error",
      from: { path: own("react/engine") },
      to: {
        path: "node_modules/((@types/)?react(-dom)?|convex/dist/.*/react)/",
      },
    },
    {
      name: "what is published as it is imports no devDependency",
      severity: "error",
      // Whoever uses test.ts has convex-test and Vite.
      from: { path: PUBLISHED.map(own), pathNot: "^client/test\\.ts$" },
      to: {
        dependencyTypes: ["npm-dev"],
        dependencyTypesNot: ["npm-peer"],
      },
    },
    {
      name: "no circle",
      comment:
        "Convex's generated types name every module, which is a circle by design.",
      severity: "error",
      from: { path: "^(.+)$" },
      // A test may name its own file as a module of an app.
      to: {
        pathNot: "^$1$",
        circular: true,
        viaOnly: { pathNot: "/_generated/" },
      },
    },
    {
      name: "every import is found",
      comment: "Else nothing is known of what is behind it.",
      severity: "error",
      from: { pathNot: "/_generated/" },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "(^|/)(node_modules|dist)/" },
    exclude: { path: "^(embedded/)?dist/" },
    // Types count: what a file must know of another is the same with them.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["source", "import", "types", "node", "default"],
    },
  },
};
