/**
 * `npm run bench [purge|track|flood|replaced|calls|live|cli|react|size|pg …]`: measures, prints each figure with its unit, its bound
 * and its baseline from the same run, and fails where a bound is missed.
 */
import { benchCli } from "./bench/cli.js";
import { benchCalls } from "./bench/calls.js";
import { benchFlood } from "./bench/flood.js";
import { benchLive } from "./bench/live/live.js";
import { benchPg } from "./bench/pg.js";
import { benchPurge } from "./bench/purge.js";
import { benchReplaced } from "./bench/replaced.js";
import { benchReact } from "./bench/react.js";
import { keepsBound, type Figure } from "./bench/report.js";
import { benchSize } from "./bench/size.js";
import { benchTrack } from "./bench/track.js";

const BENCHES: Record<string, () => Promise<Figure[]>> = {
  purge: benchPurge,
  track: benchTrack,
  flood: benchFlood,
  replaced: benchReplaced,
  calls: benchCalls,
  live: benchLive,
  cli: benchCli,
  react: benchReact,
  size: benchSize,
  pg: () => benchPg(),
};

const asked = process.argv.slice(2);
const figures: Figure[] = [];
for (const name of asked.length > 0 ? asked : Object.keys(BENCHES)) {
  const bench = BENCHES[name];
  if (bench === undefined) {
    throw new Error(
      `There is no bench ${name}; there are ${Object.keys(BENCHES).join(", ")}.`,
    );
  }
  figures.push(...(await bench()));
}
const missed = figures.filter((figure) => !keepsBound(figure));
if (missed.length > 0) {
  process.stderr.write(
    `${missed.length} of ${figures.length} figures missed their bound.\n`,
  );
  process.exitCode = 1;
}
