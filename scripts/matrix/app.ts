/** The app that each row installs the packages in. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { RESOLUTIONS, type Row } from "./rows.js";

/** Where the packed packages are. */
export interface Tarballs {
  tracker: string;
  embedded: string;
}

/** The name that the app gives the component. */
export const COMPONENT = "visitors";

/** Vitest 5 names Node 22. */
const VITEST_OF_NODE_20 = "^4.1.0";

export function writeApp(folder: string, row: Row, tarballs: Tarballs): void {
  const files: Record<string, string> = {
    ...FILES,
    "package.json": json(manifestOf(row, tarballs)),
  };
  if (row.manager === "yarn") Object.assign(files, OF_YARN);
  for (const resolution of RESOLUTIONS) {
    files[`tsconfig.${resolution}.json`] = json({
      compilerOptions: {
        target: "ES2022",
        lib: ["ES2022", "DOM", "DOM.Iterable"],
        module: resolution === "bundler" ? "ESNext" : resolution,
        moduleResolution: resolution,
        jsx: "react-jsx",
        strict: true,
        noEmit: true,
        types: [],
        skipLibCheck: true,
      },
      include: ["convex", "src"],
    });
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function manifestOf(row: Row, tarballs: Tarballs): object {
  const typescripts = row.typescript.map((version): [string, string] => [
    aliasOf(version),
    `npm:typescript@~${version}.0`,
  ]);
  return {
    name: "app",
    version: "1.0.0",
    private: true,
    type: "module",
    dependencies: {
      convex: row.convex,
      "convex-helpers": "^0.1.124",
      react: row.react,
      "react-dom": row.react,
      "sessions-ops": `file:${tarballs.tracker}`,
    },
    devDependencies: {
      "@sessions-ops/embedded": `file:${tarballs.embedded}`,
      "@types/react-dom": row.react.startsWith("18") ? "^18.3.0" : "^19.0.0",
      "@types/react": row.react.startsWith("18") ? "^18.3.0" : "^19.0.0",
      "convex-test": "latest",
      vite: "^8.0.0",
      vitest: row.node === "20" ? VITEST_OF_NODE_20 : "latest",
      ...Object.fromEntries(typescripts),
    },
  };
}

/** The name under which a version of TypeScript is installed beside others. */
export function aliasOf(version: string): string {
  return `typescript-${version}`;
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

const OF_YARN = {
  // Else it takes the folders above for the project.
  "yarn.lock": "",
  ".yarnrc.yml": `
nodeLinker: node-modules
enableScripts: false
enableTelemetry: false
enableImmutableInstalls: false
`,
};

const FILES = {
  "convex/convex.config.ts": `
import { defineApp } from "convex/server";
import sessionTracker from "sessions-ops/convex.config.js";

const app = defineApp();
app.use(sessionTracker, { name: "${COMPONENT}" });
export default app;
`,
  "convex/visits.ts": `
import { exposeSessions } from "sessions-ops";
import { components } from "./_generated/api.js";

export const { trackSession, endSession, getActiveSessions } = exposeSessions(
  components.${COMPONENT},
  { authorize: () => true },
);
`,
  "convex/mock.test.ts": `
/// <reference types="vite/client" />
import { convexTest } from "convex-test";
import { defineSchema } from "convex/server";
import sessionTracker from "sessions-ops/test";
import { expect, test } from "vitest";
import { api } from "./_generated/api.js";

test("tracks on convex-test", async () => {
  const t = convexTest(defineSchema({}), import.meta.glob("./**/*.ts"));
  const visitors = sessionTracker.register(t, "${COMPONENT}");
  const anonymousId = "visitor-0123456789";
  const tracked = await t.mutation(api.visits.trackSession, { anonymousId });
  expect(tracked).toMatchObject({ ok: true, state: "created" });
  const { sessions } = await t.query(visitors.operator.status.get, {});
  expect(sessions).toMatchObject({ total: 1 });
});
`,
  "convex/deployed.test.ts": `
import { testDeployment } from "@sessions-ops/embedded/vitest";
import { expect, test } from "vitest";
import { api } from "./_generated/api.js";

const t = await testDeployment();

test("tracks on a deployment of its own", async () => {
  const anonymousId = "visitor-0123456789";
  await t.client().mutation(api.visits.trackSession, { anonymousId });
  expect(await t.query(api.visits.getActiveSessions, {})).toHaveLength(1);
});
`,
  "index.html": `<!doctype html>
<div id="root"></div>
<script type="module" src="/src/page.tsx"></script>
`,
  "src/page.tsx": `
import { ConvexProvider, ConvexReactClient } from "convex/react";
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { useSessionTracker } from "sessions-ops/react";
import { api } from "../convex/_generated/api.js";

function Visitor() {
  const { anonymousId } = useSessionTracker({ functions: api.visits });
  return createElement("p", null, anonymousId);
}

const client = new ConvexReactClient("http://127.0.0.1:1");
createRoot(document.getElementById("root")!).render(
  createElement(ConvexProvider, { client }, createElement(Visitor)),
);
`,
};
