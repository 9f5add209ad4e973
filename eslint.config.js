import convex from "@convex-dev/eslint-plugin";
import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

/** The component's imports, in this order: packages, what is generated, its rooms from the lowest up, the own room. */
const IMPORTS = [
  "[^.]",
  "[.]+\\u002F_generated\\u002F",
  ...[
    "shared",
    "rows",
    "settings",
    "visitors",
    "runs",
    "schedules",
    "alerts",
    "operator",
  ].map((room) => `[.]+\\u002F${room}\\u002F`),
  "[.]\\u002F\\w+[.]js$",
];

export default defineConfig(
  globalIgnores([
    "**/dist",
    "**/_generated",
    "**/.sessions-ops",
    // An app with packages of its own, which are not installed here. `next build` checks its types.
    "examples",
  ]),
  js.configs.recommended,
  {
    files: ["**/*.ts", "**/*.tsx"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "max-lines": ["error", 500],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-import-type-side-effects": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", ignoreRestSiblings: true },
      ],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
    },
  },
  {
    files: ["convex/**/*.ts"],
    plugins: { "@convex-dev": convex },
    rules: {
      "@convex-dev/no-old-registered-function-syntax": "error",
      "@convex-dev/require-args-validator": "error",
      "@convex-dev/explicit-table-ids": "error",
      "@convex-dev/import-wrong-runtime": "error",
      "@convex-dev/no-collect-in-query": "error",
      "@convex-dev/no-filter-in-query": "error",
      "@convex-dev/no-schema-import-cycle": "error",
      "@convex-dev/no-duplicate-indexes": "error",
      "@convex-dev/no-process-env": "error",
    },
  },
  {
    files: ["convex/sessionTracker/**/*.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        ...IMPORTS.slice(1).map((before, place) => ({
          selector: `ImportDeclaration[source.value=/^(${before})/] ~ ImportDeclaration[source.value=/^(${IMPORTS.slice(0, place + 1).join("|")})/]`,
          message:
            "Import packages first, then _generated, then the rooms from the lowest up, then the own room.",
        })),
      ],
    },
  },
  {
    files: ["cli/**/*.ts"],
    // The first is where all goes through; the other passes on what the official CLI prints.
    ignores: ["cli/terminal/streams.ts", "cli/serve/convexDeploy.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "MemberExpression[property.name='write'][object.property.name=/^(stdout|stderr)$/]",
          message:
            "Write by cli/terminal/output.ts, which lets nothing through raw.",
        },
      ],
    },
  },
  {
    // A test's fake may be async because the interface is, with nothing to await.
    files: ["test/**", "embedded/test/**"],
    rules: { "@typescript-eslint/require-await": "off" },
  },
);
