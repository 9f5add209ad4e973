import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MeasuredDeployment, ROOT } from "./deployment.js";
import { report, type Figure } from "./report.js";

const ROUNDS = 20;

/** From the start of the built CLI to its first output, beside Node doing nothing. */
export async function benchCli(): Promise<Figure[]> {
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
    // By turns, so that what else the machine does falls on all of them.
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

/** ms to the first output, or to the end where there is none. */
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
