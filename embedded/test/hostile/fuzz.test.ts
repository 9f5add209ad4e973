import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Random } from "../support/random.js";
import { APP } from "../server/sync/app.js";
import { KillableDeployment } from "../support/process/killable.js";
import type { Attack } from "./attack.js";
import { frameAttack } from "./frameAttacks.js";
import { GoodClient } from "./goodClient.js";
import { httpAttack } from "./httpAttacks.js";

const { FUZZ, FUZZ_ATTACKS } = process.env;
const ATTACKS = Number(FUZZ_ATTACKS ?? (FUZZ === "long" ? 10_000 : 2_000));
const SEED = Number(process.env["FUZZ_SEED"] ?? Date.now() % 1_000_000);
/** Number of one attack to run alone. */
const ONLY = process.env["FUZZ_ONLY"];
const AT_ONCE = 24;

/** Attacks that may end while one good mutation runs: in order, those before it and few more. */
const GOOD_P99_ATTACKS = 20 * AT_ONCE;
const MEMORY_GROWTH_BYTES = 32 << 20;

const dataDir = mkdtempSync(join(tmpdir(), "hostile-"));
let deployment: KillableDeployment;

beforeAll(async () => {
  deployment = await KillableDeployment.start(dataDir);
  expect(await deployment.push(APP)).toMatchObject({ status: 200 });
});

afterAll(async () => {
  await deployment.kill();
  rmSync(dataDir, { recursive: true });
});

/** The attack of a number. Each has a seed of its own, so that one can be repeated alone. */
function attackOf(number: number): Attack {
  const random = new Random(SEED * 100_003 + number);
  return random.chance(0.6) ? httpAttack(random) : frameAttack(random);
}

test(`${ATTACKS} bad requests and frames are refused clearly, without effect on a good client`, async () => {
  console.log(
    `seed ${SEED}; repeat one by FUZZ_SEED=${SEED} FUZZ_ONLY=<number>`,
  );
  const target = new URL(deployment.url);
  const problems: string[] = [];
  let attacks = 0;
  const attack = async (number: number) => {
    const bad = attackOf(number);
    try {
      await bad.run({ hostname: target.hostname, port: Number(target.port) });
    } catch (error) {
      problems.push(`#${number} ${bad.name}\n  ${String(error)}`);
    }
    attacks += 1;
  };
  if (ONLY !== undefined) {
    await attack(Number(ONLY));
    expect(problems).toEqual([]);
    return;
  }
  // Modules and functions are loaded and compiled once, which is not growth.
  await attackMany(attack, 0, 500);
  const good = new GoodClient(deployment.url, "good", () => attacks);
  const before = await deployment.memory();
  const startedAt = performance.now();
  await attackMany(attack, 500, ATTACKS);
  const tookMs = performance.now() - startedAt;
  const counted = await good.stop();
  const after = await deployment.memory();
  console.log(
    `${ATTACKS - 500} attacks in ${tookMs.toFixed()} ms; a good client meanwhile: ` +
      `${counted} mutations, each beside ${good.percentile(0.5)} attacks (p50), ${good.percentile(0.99)} (p99), ` +
      `${good.percentile(1)} (most); heap ${mib(before.heapUsed)} then ${mib(after.heapUsed)} MiB, ` +
      `resident ${mib(before.rss)} then ${mib(after.rss)} MiB`,
  );
  expect(problems.length, problems.slice(0, 20).join("\n")).toBe(0);
  expect(deployment.hasEnded).toBe(false);
  expect(deployment.logged.filter((line) => line.includes("failed"))).toEqual(
    [],
  );
  expect(counted).toBe(good.latencies.length);
  expect(good.percentile(0.99)).toBeLessThan(GOOD_P99_ATTACKS);
  expect(after.heapUsed - before.heapUsed).toBeLessThan(MEMORY_GROWTH_BYTES);
}, 300_000);

async function attackMany(
  attack: (number: number) => Promise<void>,
  from: number,
  to: number,
): Promise<void> {
  let next = from;
  const attackers = Array.from({ length: AT_ONCE }, async () => {
    while (next < to) await attack(next++);
  });
  await Promise.all(attackers);
}

function mib(bytes: number): string {
  return (bytes / (1 << 20)).toFixed();
}
