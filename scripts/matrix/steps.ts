/** What is done in each row, in this order, each on what the one before has left. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { aliasOf, COMPONENT } from "./app.js";
import { run, start, StepFailure, type Place } from "./processes.js";
import { RESOLUTIONS, type Manager, type Row } from "./rows.js";

export const STEPS: Record<string, (place: Place, row: Row) => Promise<void>> =
  {
    install: async (place, { manager }) => {
      await run(place, ...INSTALL[manager]);
    },
    "one copy": (place) => Promise.resolve(checkCopies(place.cwd)),
    "serve, CLI": serveAndAsk,
    types: checkTypes,
    tests: async (place) => {
      const printed = await run(place, "node", bin("vitest"), "run");
      if (!/2 passed/.test(printed)) throw new StepFailure(printed);
    },
    page: async (place) => {
      await run(place, "node", bin("vite"), "build");
    },
  };

// ── Helpers ─────────────────────────────────────────────────────────────────

const INSTALL: Record<Manager, [string, ...string[]]> = {
  npm: ["npm", "install", "--ignore-scripts", "--no-audit", "--prefer-offline"],
  // Version 10 is the last that runs on Node 20.
  pnpm: npx("pnpm@10", "pnpm", "install", "--ignore-scripts"),
  yarn: npx("@yarnpkg/cli-dist@4", "yarn", "install"),
};

function npx(source: string, name: string, ...args: string[]) {
  const command = ["npx", "--yes", "--package", source, "--", name, ...args];
  return command as [string, ...string[]];
}

const BINS = {
  "sessions-ops": "dist/cli/main.js",
  vitest: "vitest.mjs",
  vite: "bin/vite.js",
};

function bin(name: keyof typeof BINS): string {
  return `node_modules/${name}/${BINS[name]}`;
}

/** Packages of which an app must have one copy, that it shares with the component. */
const SHARED = ["convex", "convex-helpers", "react"];

function checkCopies(app: string): void {
  const ours = realpathSync(join(app, "node_modules/sessions-ops"));
  for (const name of SHARED) {
    const copies = [app, ours].map((folder) => seenFrom(folder, name));
    if (copies[0] !== copies[1]) {
      throw new StepFailure(
        `The app and the component have ${name} at two places: ${copies.join(", ")}`,
      );
    }
  }
}

/** Where Node finds a package from a folder. */
function seenFrom(folder: string, name: string): string | undefined {
  const place = join(folder, "node_modules", name);
  if (existsSync(place)) return realpathSync(place);
  const above = dirname(folder);
  return above === folder ? undefined : seenFrom(above, name);
}

/** Runs an embedded deployment, which the app is pushed to, and asks the component there by the CLI. */
async function serveAndAsk(place: Place): Promise<void> {
  const options = ["--port", "0", "--site-port", "0", "--json"];
  const serving = start(
    place,
    "node",
    bin("sessions-ops"),
    "serve",
    ...options,
  );
  let isOver = false;
  const ended = serving.exit().then(() => (isOver = true));
  try {
    while (!serving.stdout().includes("}\n")) {
      if (isOver) throw new StepFailure(`serve ended:\n${serving.output()}`);
      await Promise.race([wait(100), ended]);
    }
    const { url } = JSON.parse(serving.stdout()) as { url: string };
    const printed = await run(
      place,
      "node",
      bin("sessions-ops"),
      "status",
      ...["--url", url, "--admin-key-file", ".sessions-ops/data/admin-key"],
      ...["--component", COMPONENT, "--json"],
    );
    const { sessions } = JSON.parse(printed) as { sessions?: unknown };
    if (sessions === undefined) throw new StepFailure(printed);
  } finally {
    await serving.end();
  }
}

async function checkTypes(place: Place, row: Row): Promise<void> {
  for (const version of row.typescript) {
    for (const resolution of RESOLUTIONS) {
      const tsc = `node_modules/${aliasOf(version)}/bin/tsc`;
      await run(place, "node", tsc, "--project", `tsconfig.${resolution}.json`);
    }
  }
}

/** The version of a package that a row has got. */
export function installed(app: string, name: string): string {
  const file = join(app, "node_modules", name, "package.json");
  if (!existsSync(file)) return "?";
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string })
    .version;
}
