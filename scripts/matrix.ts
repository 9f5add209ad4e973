/**
 * `npm run test:matrix [-- corners]`: installs the packed packages in an app of each combination of versions, and uses
 * them there: the component under another name on an embedded deployment, the CLI, `./test`, the hook in a page. Prints
 * a table; fails where a row does. `corners` are the oldest and the newest of all alone.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import Table from "cli-table3";
import { Argument, Command, Option } from "commander";
import { nodeOfNpm } from "./bench/servers/nodes.js";
import { writeApp, type Tarballs } from "./matrix/app.js";
import { endAll, StepFailure, type Place } from "./matrix/processes.js";
import { CORNERS, coveringRows, type Row } from "./matrix/rows.js";
import { installed, STEPS } from "./matrix/steps.js";

const command = new Command("test:matrix")
  .addArgument(
    new Argument("[rows]").choices(["all", "corners"]).default("all"),
  )
  .addOption(new Option("--only <row>", "one row, by its number in the table"))
  .parse();
const { only } = command.opts<{ only?: string }>();
const chosen = (command.args[0] === "corners" ? CORNERS : coveringRows())
  .map((row, i) => ({ number: i + 1, row }))
  .filter(({ number }) => only === undefined || number === Number(only));

/** Without what npm, which started this, and deployments of whoever starts it would say to the apps. */
const OWN_ENV = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(npm_|CONVEX_|SESSIONS_OPS_)/i.test(name),
  ),
);

const folder = mkdtempSync(join(tmpdir(), "sessions-ops-matrix-"));
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => process.exit(1));
}
process.once("exit", () => {
  endAll();
  rmSync(folder, { recursive: true, force: true });
});

const table = new Table({
  head: [
    "",
    "Node",
    "convex",
    "React",
    "by",
    "vitest",
    "TypeScript",
    ...Object.keys(STEPS),
  ],
  style: { head: [], border: [], compact: true },
});
const tarballs = pack();
let failed = 0;
for (const { number, row } of chosen) {
  const { cells, failure } = await tryRow(`app${number}`, row);
  table.push([number, ...cells]);
  process.stderr.write(`${number}: ${cells.join("  ")}\n`);
  if (failure === undefined) continue;
  failed += 1;
  process.stderr.write(`${failure}\n`);
}
process.stdout.write(`${table.toString()}\n`);
process.stdout.write(`${chosen.length - failed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);

// ── Helpers ─────────────────────────────────────────────────────────────────

/** Does all the steps in an app of its own, up to the first that fails. */
async function tryRow(
  name: string,
  row: Row,
): Promise<{ cells: string[]; failure?: string }> {
  const app = join(folder, name);
  mkdirSync(app);
  const node = await nodeOfNpm(row.node);
  const place: Place = {
    cwd: app,
    env: {
      ...OWN_ENV,
      PATH: [dirname(node.path), process.env["PATH"]].join(delimiter),
      // Of the registry's settings, what npm has; yarn does not read them.
      YARN_NPM_REGISTRY_SERVER: registry(),
    },
  };
  writeApp(app, row, tarballs);
  const took: string[] = [];
  let failure: string | undefined;
  for (const [step, act] of Object.entries(STEPS)) {
    const start = performance.now();
    try {
      await act(place, row);
      took.push(`${((performance.now() - start) / 1000).toFixed(0)} s`);
    } catch (error) {
      if (!(error instanceof StepFailure)) throw error;
      took.push("FAILED");
      failure = `"${step}" failed:\n${error.message}`;
      break;
    }
  }
  const versions = ["convex", "react", "vitest"].map((of) =>
    installed(app, of),
  );
  const [convex, react, vitest] = versions as [string, string, string];
  rmSync(app, { recursive: true });
  return {
    cells: [
      ...[node.version.slice(1), convex, react, row.manager, vitest],
      row.typescript.join(" "),
      ...took,
    ],
    ...(failure === undefined ? {} : { failure }),
  };
}

/** Packs both packages as they are built. */
function pack(): Tarballs {
  const [tracker, embedded] = [".", "./embedded"].map((source) => {
    const options = [
      "--ignore-scripts",
      "--json",
      "--pack-destination",
      folder,
    ];
    const answer = execFileSync("npm", ["pack", ...options, source], {
      cwd: join(import.meta.dirname, ".."),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [{ filename }] = JSON.parse(answer) as [{ filename: string }];
    return join(folder, filename);
  }) as [string, string];
  return { tracker, embedded };
}

function registry(): string {
  return execFileSync("npm", ["config", "get", "registry"], {
    encoding: "utf8",
  }).trim();
}
