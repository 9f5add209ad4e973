import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ImportRow } from "../../cli/deployment/api.js";
import type { MeasuredDeployment } from "./servers/deployment.js";

/** How many seconds the CLI took, from its start to its end. */
export interface Transferred {
  importSeconds: number;
  exportSeconds: number;
}

/** Imports the rows by the built CLI of the deployment's checkout, and exports everything, as operators do. */
export async function transfer(
  deployment: MeasuredDeployment,
  rows: Iterable<ImportRow>,
): Promise<Transferred> {
  const folder = await mkdtemp(join(tmpdir(), "sessions-ops-bench-"));
  try {
    const keyFile = join(folder, "admin-key");
    await writeFile(keyFile, deployment.adminKey, { mode: 0o600 });
    const target = ["--url", deployment.url, "--admin-key-file", keyFile];
    const file = join(folder, "rows.jsonl");
    await pipeline(Readable.from(lines(rows)), createWriteStream(file));
    const run = (...args: string[]) =>
      runCli(deployment.checkout, [...args, ...target]);
    return {
      importSeconds: await run("import", file, "--yes"),
      exportSeconds: await run("export", join(folder, "export.jsonl")),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function* lines(rows: Iterable<ImportRow>): Generator<string> {
  for (const row of rows) yield `${JSON.stringify(row)}\n`;
}

async function runCli(checkout: string, args: string[]): Promise<number> {
  const start = performance.now();
  const main = join(checkout, "dist/cli/main.js");
  const running = spawn(process.execPath, [main, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  running.stderr.on("data", (chunk) => (said += String(chunk)));
  const [code] = (await once(running, "close")) as [number];
  if (code !== 0) throw new Error(`${args.join(" ")} failed: ${said}`);
  return (performance.now() - start) / 1_000;
}
