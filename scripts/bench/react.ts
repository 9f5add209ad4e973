import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import {
  Browser,
  INTERVAL_MS,
  MINUTE_MS,
} from "../../test/react/support/browser.js";
import { report, type Figure } from "./report.js";

const HOURS = 100;
const HOUR_MS = 60 * MINUTE_MS;
const LOAD_EVERY_MS = 65_000;
/**
 * The most heartbeats in an hour: intervals are up to a tenth shorter, which the replaced tracker's are
 * not.
 */
const MOST_PER_HOUR = HOUR_MS / (0.9 * INTERVAL_MS);

/** Measures the cost of visitors: mutations that a browser sends, and bytes that it loads. */
export async function benchReact(): Promise<Figure[]> {
  return [...(await benchMutations()), ...(await benchBytes())];
}

// ── Mutations, on a driven clock ────────────────────────────────────────────

async function benchMutations(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const tabs of [1, 5]) {
    for (const isHidden of [false, true]) {
      figures.push(
        report(
          `mutations of a browser with ${tabs} ${isHidden ? "hidden" : "visible"} tab${tabs > 1 ? "s" : ""}`,
          await perHour(tabs, isHidden),
          "/hour",
          { atMost: isHidden ? 1 / HOURS : MOST_PER_HOUR },
          {
            name: "replaced tracker, one hook a tab",
            value: await replacedPerHour(tabs, isHidden),
          },
        ),
      );
    }
  }
  figures.push(
    report(
      "mutations of a browser that loads a page every 65 s",
      await perHourOfLoads(),
      "/hour",
      { atMost: 2 * MOST_PER_HOUR },
      {
        name: "replaced tracker, one hook a page",
        value: HOUR_MS / LOAD_EVERY_MS,
      },
    ),
  );
  return figures;
}

async function perHourOfLoads(): Promise<number> {
  const browser = new Browser();
  const loads = (HOURS * HOUR_MS) / LOAD_EVERY_MS;
  for (let n = 0; n < loads; n += 1) {
    const tab = browser.open();
    await browser.pass(LOAD_EVERY_MS);
    await tab.close();
  }
  return browser.network.calls.length / HOURS;
}

async function perHour(tabs: number, isHidden: boolean): Promise<number> {
  const browser = new Browser();
  for (let n = 0; n < tabs; n += 1) {
    const tab = browser.open();
    // The visitor leaves after the first heartbeat, as from a page that somebody looked at.
    await browser.settle();
    if (isHidden) tab.hide();
  }
  return await count(browser);
}

/**
 * The loop of the replaced tracker, as it was measured: a mutation when a hook is mounted and one every
 * five minutes, by each hook for itself, whether or not its page is visible.
 */
async function replacedPerHour(
  tabs: number,
  isHidden: boolean,
): Promise<number> {
  const browser = new Browser();
  for (let n = 0; n < tabs; n += 1) {
    const tab = browser.open(null);
    const body = JSON.stringify({
      path: "sessions:trackSession",
      args: [{ anonymousId: "one" }],
    });
    const track = () => void tab.fetch("/api/mutation", { body });
    track();
    browser.clock.setInterval(track, INTERVAL_MS);
    if (isHidden) tab.hide();
  }
  await browser.settle();
  return await count(browser);
}

async function count(browser: Browser): Promise<number> {
  const before = browser.network.calls.length;
  await browser.pass(HOURS * HOUR_MS);
  return (browser.network.calls.length - before) / HOURS;
}

// ── Bytes ───────────────────────────────────────────────────────────────────

const FEATURES = `
                                   this   replaced   presence   helpers
one heartbeat a browser, not a tab  yes         no         no      none
pauses while hidden                 yes         no        yes      none
nothing piles up offline            yes         no        yes      none
goes on after a refused heartbeat   yes        yes         no      none
actions, queued over reloads        yes         no         no        no
works where storage is blocked      yes         no        yes        no
server rendering, "use client"      yes         no        yes       yes
StrictMode: nothing sent twice      yes         no        yes       yes
consent, Do Not Track, bots         yes         no         no        no
replaced: @devwithbobby/convex-session-tracker 1.1.1, 1,009 B; presence: @convex-dev/presence 0.4.0,
981 B. Neither is installed here: sizes and features as found when they were bundled and run before.
helpers: the sessions of convex-helpers, which have no heartbeats.
`;

/**
 * Measures the bundle as ES modules with react and convex left out. `size-limit` holds the bound; it
 * says less, since it takes off the size of an empty bundle of its kind.
 */
async function benchBytes(): Promise<Figure[]> {
  const figures = [
    report(
      "useSessionTracker with all it needs, gzip",
      await gzipped('export { useSessionTracker } from "./react/index.ts";'),
      "B",
      {},
      { name: "sessions of convex-helpers", value: await gzipped(HELPERS) },
    ),
  ];
  process.stdout.write(FEATURES);
  return figures;
}

const HELPERS = `export { SessionProvider, useSessionId, useSessionQuery, useSessionMutation }
  from "convex-helpers/react/sessions";`;

async function gzipped(contents: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.cwd(), loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    external: ["react", "convex"],
  });
  const [bundled] = outputFiles;
  if (bundled === undefined) throw new Error("esbuild wrote nothing.");
  return gzipSync(bundled.contents, { level: 9 }).length;
}
