/**
 * `npm run bench [-- --node newest|PATH|none] [purge|track|flood|replaced|calls|files|search|live|cli|react|size|pg …]`: measures,
 * prints each figure with its unit, its bound and its baseline from the same run, and fails where a bound is missed.
 * What measures a deployment does so once under this Node and once under another one, the newest of npm unless another
 * is named; a table at the end has both side by side.
 */
import { parseArgs } from "node:util";
import { benchCli } from "./bench/cli.js";
import { benchCalls } from "./bench/calls.js";
import { benchFiles } from "./bench/files.js";
import { benchFlood } from "./bench/flood.js";
import { benchLive } from "./bench/live/live.js";
import { benchPg } from "./bench/pg.js";
import { benchPurge } from "./bench/purge.js";
import { benchReplaced } from "./bench/replaced.js";
import { benchReact } from "./bench/react.js";
import { benchSearch } from "./bench/search.js";
import { keepsBound, printSideBySide, type Figure } from "./bench/report.js";
import {
  newestNode,
  nodeAt,
  OWN_NODE,
  useNode,
  type MeasuredNode,
} from "./bench/servers/nodes.js";
import { benchSize } from "./bench/size.js";
import { benchTrack } from "./bench/track.js";

const BENCHES: Record<string, () => Promise<Figure[]>> = {
  purge: benchPurge,
  track: benchTrack,
  flood: benchFlood,
  replaced: benchReplaced,
  calls: benchCalls,
  files: benchFiles,
  search: benchSearch,
  live: benchLive,
  cli: benchCli,
  react: benchReact,
  size: benchSize,
  pg: () => benchPg(),
};

/** Those whose figures are those of a deployment's process, which is started under each Node. */
const OF_A_DEPLOYMENT = new Set([
  "purge",
  "track",
  "calls",
  "files",
  "live",
  "size",
]);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { node: { type: "string", default: "newest" } },
});
const asked = positionals.length > 0 ? positionals : Object.keys(BENCHES);
const unknown = asked.find((name) => BENCHES[name] === undefined);
if (unknown !== undefined) {
  throw new Error(
    `There is no bench ${unknown}; there are ${Object.keys(BENCHES).join(", ")}.`,
  );
}
const other = asked.some((name) => OF_A_DEPLOYMENT.has(name))
  ? await otherNode(values.node)
  : null;
const figures: Figure[] = [];
const own: Figure[] = [];
const others: Figure[] = [];
for (const name of asked) {
  const measured = await measure(name, OWN_NODE);
  figures.push(...measured);
  if (other !== null && OF_A_DEPLOYMENT.has(name)) {
    own.push(...measured);
    others.push(...(await measure(name, other)));
  }
}
figures.push(...others);
if (other !== null) {
  printSideBySide([
    { name: OWN_NODE.version, figures: own },
    { name: other.version, figures: others },
  ]);
}
const missed = figures.filter((figure) => !keepsBound(figure));
if (missed.length > 0) {
  process.stderr.write(
    `${missed.length} of ${figures.length} figures missed their bound.\n`,
  );
  process.exitCode = 1;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

async function measure(name: string, node: MeasuredNode): Promise<Figure[]> {
  useNode(node);
  process.stdout.write(`${name}, Node ${node.version}\n`);
  return (await BENCHES[name]?.()) ?? [];
}

/** The Node to measure beside this one; `null` where there is none, which is said. */
async function otherNode(asked: string): Promise<MeasuredNode | null> {
  if (asked === "none") return null;
  if (asked !== "newest") return await nodeAt(asked);
  try {
    return await newestNode();
  } catch (error) {
    process.stdout.write(
      `The newest Node is skipped, as npm has none for this machine or is not reached: ${String(error)}\n`,
    );
    return null;
  }
}
