import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { openStore } from "../../src/storage/lmdbStore.js";
import { isMissing } from "../support/process/missing.js";
import { temporaryDir } from "../support/database.js";

const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const ROUNDS = 200;
const CHURN_ROUNDS = 1_000;
const PROCESSES = 3;

const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
});

test("of several processes that find a dead owner at once, one gets the directory", async () => {
  const root = temporaryDir();
  for (let round = 0; round < ROUNDS; round += 1) {
    const dataDir = join(root, String(round));
    mkdirSync(dataDir);
    // To a connection a socket that nobody listens on and a plain file are the same.
    writeFileSync(join(dataDir, "owner-1.socket"), "");
  }
  const claimed = await claimedBySeveral(root, ROUNDS, "hold");
  const owners = new Map<string, number>();
  for (const round of claimed.flat()) {
    owners.set(round, (owners.get(round) ?? 0) + 1);
  }
  expect(owners.size).toBe(ROUNDS);
  expect(new Set(owners.values())).toEqual(new Set([1]));
  // Otherwise the processes were never there at once.
  expect(claimed.filter((rounds) => rounds.length > 0).length).toBeGreaterThan(
    1,
  );
});

test("thousands of claims and releases of one directory never make two owners at once", async () => {
  const root = temporaryDir();
  const claimed = await claimedBySeveral(root, CHURN_ROUNDS, "churn");
  for (const rounds of claimed) expect(rounds).not.toHaveLength(0);
  // Files of dead owners do not gather.
  expect(readdirSync(root)).toHaveLength(1);
}, 60_000);

test("a killed owner keeps no other out, also when its pid lives again", async () => {
  const dataDir = temporaryDir();
  const owner = await hold(dataDir);
  expect(owner.said).toBe("owns");
  await expect(openStore({ dataDir })).rejects.toMatchObject({
    code: "dataDirInUse",
    message: expect.stringContaining(
      `process ${owner.child.pid} on `,
    ) as string,
  });
  const exited = once(owner.child, "exit");
  owner.child.kill("SIGKILL");
  await exited;
  await (await openStore({ dataDir })).close();
});

test("a paused owner process still owns the directory", async () => {
  const dataDir = temporaryDir();
  const { child } = await hold(dataDir);
  child.kill("SIGSTOP");
  await expect(openStore({ dataDir })).rejects.toThrow(
    "in use by another process, which does not answer now",
  );
});

test("a pid that an earlier version left is believed only while its process has the data open", async () => {
  const dataDir = temporaryDir();
  // Pids of all living processes, from this test's parents on.
  writeFileSync(join(dataDir, "owner-7.pid"), `${process.ppid}\n`);
  await (await openStore({ dataDir })).close();
  expect(readdirSync(dataDir)).not.toContain("owner-7.pid");

  const reader = spawn("tail", ["-f", join(dataDir, "data.lmdb")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.add(reader);
  await once(reader.stdout, "data");
  writeFileSync(join(dataDir, "owner-8.pid"), `${reader.pid}\n`);
  await expect(openStore({ dataDir })).rejects.toThrow(
    `in use by process ${reader.pid}`,
  );
});

test("a directory with a path too long for a socket is locked too", async () => {
  const dataDir = join(temporaryDir(), "deep".repeat(20), "deep".repeat(20));
  const store = await openStore({ dataDir });
  await expect(openStore({ dataDir })).rejects.toThrow("is in use by process");
  await store.close();
  await (await openStore({ dataDir })).close();
});

const cannotUnshare =
  process.platform === "linux" && process.getuid?.() === 0
    ? spawnSync("unshare", ["-pnf", "--mount-proc", "true"]).status === 0
      ? null
      : "pid namespaces (unshare -pnf --mount-proc) cannot be made here"
    : "pid namespaces are made by root, on Linux";

test.skipIf(isMissing(cannotUnshare, { isRequired: false }))(
  "an owner in another pid and network namespace is noticed, and so is its end",
  async () => {
    const dataDir = temporaryDir();
    const inside = await hold(dataDir, ["unshare", "-pnf", "--mount-proc"]);
    expect(inside.said).toBe("owns");
    // As the first process of its namespace it has a low pid that exists outside too.
    await expect(openStore({ dataDir })).rejects.toThrow(/process \d{1,2} on /);
    const other = await hold(dataDir, ["unshare", "-pnf", "--mount-proc"]);
    expect(other.said).toContain("is in use by process");
    const exited = once(inside.child, "exit");
    inside.child.stdin?.end();
    await exited;
    await (await openStore({ dataDir })).close();
  },
);

/** Starts another process that opens the directory, and returns its first line. */
async function hold(
  dataDir: string,
  within: readonly string[] = [],
): Promise<{ child: ChildProcess; said: string }> {
  const [command = "", ...args] = [
    ...within,
    process.execPath,
    ...["--import", "tsx", fileOf("ownerHolder.ts"), dataDir],
  ];
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  children.add(child);
  const lines = createInterface({ input: child.stdout });
  const [said] = (await once(lines, "line")) as [string];
  return { child, said };
}

/** The claims of each process; all try each directory at the same moments. */
async function claimedBySeveral(
  root: string,
  rounds: number,
  mode: "hold" | "churn",
): Promise<string[][]> {
  const args = ["--import", "tsx", fileOf("ownerClaims.ts"), root];
  const processes = Array.from({ length: PROCESSES }, () =>
    spawn(process.execPath, [...args, String(rounds), mode], {
      stdio: ["pipe", "pipe", "inherit"],
    }),
  );
  for (const child of processes) children.add(child);
  const outputs = processes.map(({ stdout }) =>
    createInterface({ input: stdout })[Symbol.asyncIterator](),
  );
  for (const output of outputs) {
    expect(await output.next()).toMatchObject({ value: "ready" });
  }
  const startMs = Date.now() + 100;
  for (const { stdin } of processes) stdin.write(`${startMs}\n`);
  const claimed = await Promise.all(
    outputs.map(async (output) => {
      const taken: string[] = [];
      for (;;) {
        const line = (await output.next()) as IteratorResult<string, undefined>;
        if (line.value === "done") return taken;
        // An end before that is a failure, which the process has reported on standard error.
        if (line.done) throw new Error("A process ended before it was done.");
        taken.push(line.value);
      }
    }),
  );
  for (const { stdin } of processes) stdin.end();
  return claimed;
}
