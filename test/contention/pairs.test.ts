/**
 * Which calls of the component make which others run again. Two calls conflict where one reads what the other writes
 * meanwhile; that is told from what each really reads and writes, so that no luck in their timing is needed.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { Random } from "../../embedded/test/support/random.js";
import { freshComponent } from "../convex/support/fresh.js";
import {
  careCalls,
  manyCalls,
  setUpUsed,
  singleCalls,
  visitorCalls,
} from "./calls.js";
import { contention, observeAll, type Contention } from "./pairs.js";
import { tableOf, tableUnder } from "./table.js";

const CLOSES = [
  "end of a visit",
  "forget of oneself",
  "block of a visitor",
  "end of all of a user",
];

/** What calls add to, each in a shard that it draws, and how likely one reads the shard that another writes. */
const SHARDED = [
  {
    // The counters of the states.
    calls: ["first visit", "next visit, after expiry", ...CLOSES],
    chance: 1 / 16,
  },
  {
    // The figures of the day.
    calls: ["next visit, before a run came by", ...CLOSES],
    chance: 1 / 6,
  },
  // Of the 32 shards of the limiter of new visitors a call looks at two, and writes one.
  { calls: ["first visit"], chance: 2 / 32 },
  { calls: ["import of sessions"], chance: 1 / 4 },
];

/** What of others calls have to know: whoever changes it makes them run again. */
const KNOWN = [
  {
    // All but a heartbeat within a visit go by the settings in force.
    loser: /^(?!heartbeat)/,
    winner: /^change of settings$/,
  },
  // They look whether runs move, and whether one of the kind is under way.
  { loser: /^watchdog$/, winner: /^page of / },
  { loser: /^tick$/, winner: /^page of expire$/ },
  // The watchdog fires what the cron has not.
  { loser: /^watchdog$/, winner: /^tick$/ },
];

/** Pages of a run follow each other, and so do the looks of one watchdog. */
const ALONE = /^(page of|tick|watchdog)/;

const PAIRS = 3_000;
/** Of pages and imports, which read and write much. */
const FEW = 300;

freshComponent();
const random = new Random(14);
let names: string[];
let found: Contention[];

beforeEach(async () => {
  vi.spyOn(Math, "random").mockImplementation(() => random.next());
  await setUpUsed();
  const ofOne = [...(await visitorCalls()), ...(await singleCalls())];
  const ofMany = [...(await manyCalls()), ...careCalls()];
  names = [...ofOne, ...ofMany].map(({ name }) => name);
  const observed = new Map([
    ...(await observeAll(ofOne, 6)),
    ...(await observeAll(ofMany, 1)),
  ]);
  const few = new Set(ofMany.map(({ name }) => name));
  found = names.flatMap((loser) =>
    names
      .filter((winner) => loser !== winner || !ALONE.test(loser))
      .map((winner) => {
        const pairs = few.has(loser) || few.has(winner) ? FEW : PAIRS;
        return contention(observed, loser, winner, { random, pairs });
      }),
  );
}, 120_000);

test("calls conflict as often as their shards predict, and else only where they have to", async () => {
  for (const { loser, winner, perThousand, tables } of found) {
    const pair = { loser, winner, tables };
    const [least, most] = expected(loser, winner);
    expect.soft({ pair, perThousand }).toEqual({
      pair,
      perThousand: Math.min(Math.max(perThousand, least), most),
    });
  }
  const written = tableUnder(await readFile(README, "utf8"), "Conflicts");
  const measured = tableUnder(`## Now\n${tableOf(names, found)}`, "Now");
  const differs = `Where a change moved the figures, the README gets this table:\n${tableOf(names, found)}`;
  expect(written.length, differs).toBe(measured.length);
  for (const [row, cells] of measured.entries()) {
    const [name] = cells;
    expect(written[row]?.[0]).toBe(name);
    for (const [column, cell] of cells.entries()) {
      const is = written[row]?.[column];
      const isNear = Math.abs(Number(is) - Number(cell)) <= NEAR;
      expect(is === cell || isNear, `${differs}\n${name}: ${is}`).toBe(true);
    }
  }
}, 120_000);

// ── Helpers ─────────────────────────────────────────────────────────────────

const README = path.join(
  import.meta.dirname,
  "../../convex/sessionTracker/README.md",
);

/** How many of a thousand two measurements of one table may differ by. */
const NEAR = 60;

/** The least and the most pairs of a thousand, five standard deviations from what the shards predict. */
function expected(loser: string, winner: string): [number, number] {
  if (KNOWN.some((one) => one.loser.test(loser) && one.winner.test(winner))) {
    return [1_000, 1_000];
  }
  let none = 1;
  for (const { calls, chance } of SHARDED) {
    if (calls.includes(loser) && calls.includes(winner)) none *= 1 - chance;
  }
  const isFew = loser.startsWith("import");
  const deviation = Math.sqrt((none * (1 - none)) / (isFew ? FEW : PAIRS));
  const around = 5 * deviation * 1_000;
  const mean = (1 - none) * 1_000;
  return [Math.floor(mean - around), Math.ceil(mean + around)];
}
