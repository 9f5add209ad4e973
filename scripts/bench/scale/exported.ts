import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { ROOT, type MeasuredDeployment } from "../servers/deployment.js";

/** What the file of an export holds. */
export interface Exported {
  sessions: number;
  active: number;
  actions: number;
  /** Sessions of live visitors, by their anonymousId. */
  live: number;
  tookMs: number;
}

/** Exports by the built CLI, as a process of its own, and counts what the file holds. */
export async function exportAll(
  deployment: MeasuredDeployment,
): Promise<Exported> {
  const folder = await mkdtemp(join(tmpdir(), "sessions-ops-export-"));
  try {
    const file = join(folder, "sessions.jsonl.gz");
    const keyFile = join(folder, "admin-key");
    await writeFile(keyFile, deployment.adminKey, { mode: 0o600 });
    const start = performance.now();
    const main = join(ROOT, "dist/cli/main.js");
    const target = ["--url", deployment.url, "--admin-key-file", keyFile];
    const exporting = spawn(
      process.execPath,
      [main, "export", file, ...target],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    let said = "";
    exporting.stderr.on("data", (chunk) => (said += String(chunk)));
    const [code] = (await once(exporting, "close")) as [number];
    if (code !== 0) throw new Error(`The export failed: ${said}`);
    return { ...(await count(file)), tookMs: performance.now() - start };
  } finally {
    await rm(folder, { recursive: true });
  }
}

// ── Helpers ─────────────────────────────────────────────────────────────────

async function count(file: string): Promise<Omit<Exported, "tookMs">> {
  const counted = { sessions: 0, active: 0, actions: 0, live: 0 };
  const lines = createInterface({
    input: createReadStream(file).pipe(createGunzip()),
  });
  for await (const line of lines) {
    const row = JSON.parse(line) as {
      anonymousId?: string;
      state?: string;
      actions?: unknown[];
    };
    if (row.anonymousId === undefined) continue;
    counted.sessions += 1;
    if (row.state === "active") counted.active += 1;
    if (row.anonymousId.startsWith("live-")) counted.live += 1;
    counted.actions += row.actions?.length ?? 0;
  }
  return counted;
}
