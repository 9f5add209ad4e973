import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import {
  Browser,
  INTERVAL_MS,
  MINUTE_MS,
} from "../../test/react/support/browser.js";
import { withVisits } from "../../test/react/support/visits.js";
import { report, type Figure } from "./report.js";

const HOURS = 30;
const HOUR_MS = 60 * MINUTE_MS;
const LOAD_EVERY_MS = 65_000;
/**
 * The most heartbeats in an hour: intervals are up to a tenth shorter, which the replaced tracker's are
 * not.
 */
const MOST_PER_HOUR = HOUR_MS / (0.9 * INTERVAL_MS);

/** Measures the cost of visitors: mutations that a browser sends, and bytes that it loads. */
export async function benchReact(): Promise<Figure[]> {
  return [
    ...(await benchMutations()),
    ...(await benchVisits()),
    ...(await benchBytes()),
  ];
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
  const loads = HOUR_MS / LOAD_EVERY_MS;
  for (const engagement of ["beats", "exact"] as const) {
    figures.push(
      report(
        `mutations of a page load every 65 s, engagement ${engagement}`,
        await perHourOfLoads(engagement),
        "/hour",
        { atMost: engagement === "beats" ? 2 * MOST_PER_HOUR : 1.02 * loads },
        { name: "replaced tracker, one hook a page", value: loads },
      ),
    );
  }
  return figures;
}

async function perHourOfLoads(engagement: "exact" | "beats"): Promise<number> {
  const { browser } = withVisits();
  const loads = (HOURS * HOUR_MS) / LOAD_EVERY_MS;
  for (let n = 0; n < loads; n += 1) {
    const tab = browser.open({ engagement });
    await browser.pass(LOAD_EVERY_MS);
    await tab.close();
  }
  return browser.network.calls.length / HOURS;
}

const VIEWS = 3;
const SAMPLES = 30;

/** What the option `engagement` costs where a visit has three page views of a minute each. */
async function benchVisits(): Promise<Figure[]> {
  const figures: Figure[] = [];
  let without = NaN;
  for (const engagement of [false, "beats", "exact"] as const) {
    let calls = 0;
    for (let seed = 1; seed <= SAMPLES; seed += 1) {
      const { browser } = withVisits({ seed });
      for (let n = 0; n < VIEWS; n += 1) {
        const tab = browser.open({ engagement });
        await browser.pass(MINUTE_MS);
        await tab.close();
      }
      await browser.settle();
      calls += browser.network.calls.length;
    }
    const perView = calls / SAMPLES / VIEWS;
    if (engagement === false) without = perView;
    figures.push(
      report(
        `mutations of a visit of ${VIEWS} page views, engagement ${engagement}`,
        perView,
        "/page view",
        // One more when a page is left, and none on top of the heartbeats else.
        { atMost: engagement === "exact" ? 1 + 1 / VIEWS : without },
        { name: "engagement false", value: without },
      ),
    );
  }
  return figures;
}

async function perHour(tabs: number, isHidden: boolean): Promise<number> {
  const { browser } = withVisits();
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
