import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryDir } from "../support/database.js";

const claims = fileURLToPath(new URL("ownerClaims.ts", import.meta.url));
const ROUNDS = 300;
const PROCESSES = 3;

test("of several who find the file of a dead owner at once, one takes the directory", async () => {
  const root = temporaryDir();
  const dead = await pidOfDead();
  for (let round = 0; round < ROUNDS; round += 1) {
    const dataDir = join(root, String(round));
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, "owner-1.pid"), `${dead}\n`);
  }
  const claimed = await claimedBySeveral(root);
  const owners = new Map<string, number>();
  for (const round of claimed.flat()) {
    owners.set(round, (owners.get(round) ?? 0) + 1);
  }
  expect(owners.size).toBe(ROUNDS);
  expect(new Set(owners.values())).toEqual(new Set([1]));
  // Or they were never there at once.
  expect(claimed.filter((rounds) => rounds.length > 0).length).toBeGreaterThan(
    1,
  );
});

/** For each process the directories that it has taken, all tried by all at the same moments. */
async function claimedBySeveral(root: string): Promise<string[][]> {
  const children = Array.from({ length: PROCESSES }, () =>
    spawn(process.execPath, ["--import", "tsx", claims, root, `${ROUNDS}`], {
      stdio: ["pipe", "pipe", "inherit"],
    }),
  );
  const outputs = children.map(({ stdout }) =>
    createInterface({ input: stdout })[Symbol.asyncIterator](),
  );
  for (const output of outputs) {
    expect(await output.next()).toMatchObject({ value: "ready" });
  }
  const startMs = Date.now() + 100;
  for (const { stdin } of children) stdin.write(`${startMs}\n`);
  const claimed = await Promise.all(
    outputs.map(async (output) => {
      const rounds: string[] = [];
      for (;;) {
        const line = (await output.next()) as IteratorResult<string, undefined>;
        if (line.done || line.value === "done") return rounds;
        rounds.push(line.value);
      }
    }),
  );
  for (const { stdin } of children) stdin.end();
  return claimed;
}

async function pidOfDead(): Promise<number | undefined> {
  const child = spawn("true");
  await once(child, "exit");
  return child.pid;
}
