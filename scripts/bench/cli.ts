import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MeasuredDeployment, ROOT } from "./servers/deployment.js";
import { report, type Figure } from "./report.js";

const ROUNDS = 20;

/**
 * Measures the built CLI: how soon it answers, beside Node doing nothing, and how soon it serves an
 * app.
 */
export async function benchCli(): Promise<Figure[]> {
  return [...(await benchAnswers()), await benchServe()];
}

/** Measures the time from the start to the first output. */
async function benchAnswers(): Promise<Figure[]> {
  const deployment = await MeasuredDeployment.start();
  const folder = await mkdtemp(join(tmpdir(), "sessions-ops-bench-"));
  try {
    const keyFile = join(folder, "admin-key");
    await writeFile(keyFile, deployment.adminKey, { mode: 0o600 });
    const main = join(ROOT, "dist/cli/main.js");
    const target = ["--url", deployment.url, "--admin-key-file", keyFile];
    const node: number[] = [];
    const help: number[] = [];
    const status: number[] = [];
    // The programs take turns, so that other work of the machine falls on all of them.
    for (let round = 0; round < ROUNDS; round += 1) {
      node.push(await untilOutput(["-e", "0"]));
      help.push(await untilOutput([main, "--help"]));
      status.push(await untilOutput([main, "status", ...target]));
    }
    const baseline = { name: "node -e 0", value: median(node) };
    const atMost = 2 * baseline.value + 150;
    return [
      report("cli: --help", median(help), "ms", { atMost }, baseline),
      report("cli: status", median(status), "ms", { atMost }, baseline),
    ];
  } finally {
    await deployment.stop();
    await rm(folder, { recursive: true });
  }
}

/** Measures the time from the first start in a folder to an app that is deployed and ready. */
async function benchServe(): Promise<Figure> {
  const folder = await mkdtemp(join(tmpdir(), "sessions-ops-bench-"));
  try {
    for (const name of ["convex", "client", "package.json", "tsconfig.json"]) {
      await cp(join(ROOT, name), join(folder, name), { recursive: true });
    }
    await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
    const start = performance.now();
    const serving = spawn(
      process.execPath,
      [join(ROOT, "dist/cli/main.js"), "serve", "--port", "0"],
      { cwd: folder, stdio: ["ignore", "pipe", "ignore"] },
    );
    const ended = once(serving, "close");
    await Promise.race([once(serving.stdout, "data"), ended]);
    const seconds = (performance.now() - start) / 1_000;
    if (serving.exitCode !== null) throw new Error("serve ended");
    serving.kill();
    await ended;
    return report("cli: serve, first start to ready", seconds, "s", {
      atMost: 10,
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The time in ms to the first output, or to the end where there is none. */
async function untilOutput(args: string[]): Promise<number> {
  const start = performance.now();
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  await Promise.race([once(child.stdout, "data"), ended]);
  const took = performance.now() - start;
  child.stdout.resume();
  const [code] = (await ended) as [number];
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
  return took;
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
