/**
 * `npm run pictures`: the README's pictures, anew. Both show one embedded deployment with made-up sessions: the
 * dashboard as Chromium shows it, and what `sessions-ops status` prints into a terminal.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDeployment } from "@sessions-ops/embedded";
import { chromium } from "playwright-core";
import { processContext } from "../../cli/context.js";
import { deployApp } from "../../cli/serve/convexDeploy.js";
import { AdminKey } from "../../cli/deployment/target/adminKey.js";
import { writeRunningDeployment } from "../../cli/deployment/target/runningDeployment.js";
import { findChromium } from "../../test/browser/support/chromium.js";
import { madeUpLines } from "./madeUp.js";
import { terminalSvg } from "./terminalSvg.js";

const ROOT = join(import.meta.dirname, "../..");
const IMAGES = join(ROOT, "docs/images");
const CLI = join(ROOT, "dist/cli/main.js");
const OPERATOR = "cli:ada@laptop";
const COLUMNS = 96;
const MARGIN_PX = 16;

process.env["TZ"] = "UTC";
const folder = await mkdtemp(join(tmpdir(), "sessions-ops-pictures-"));
const dataDir = join(folder, "data");
const deployment = await openDeployment({ dataDir, port: 3210 });
try {
  const { url, adminKey } = deployment;
  await deployApp(
    { ...processContext(), cwd: ROOT },
    { url, adminKey: new AdminKey(adminKey, "the deployment"), verbose: false },
  );
  const adminKeyFile = join(dataDir, "admin-key");
  const pid = process.pid;
  writeRunningDeployment(folder, { url, dataDir, adminKeyFile, pid });
  const lines = madeUpLines(Date.now());
  await writeFile(join(folder, "sessions.jsonl"), lines.join("\n"));
  await printed("import", "sessions.jsonl", "--yes");
  await printed("expire");
  await printed("purge", "--yes", "--reason", "privacy policy");
  await printed("schedule", "set", "purge", "0 4 * * *", "--tz", "UTC");
  const command = "sessions-ops status";
  // The name of the machine that took the picture is nobody's business.
  const status = (await inTerminal("status")).replace(/cli:\S+/, OPERATOR);
  await writeFile(join(IMAGES, "status.svg"), terminalSvg(command, status));
  await pictureDashboard(join(IMAGES, "dashboard.png"));
} finally {
  await deployment.close();
  await rm(folder, { recursive: true });
}

/** From the figures of visits to the schedules: all of the page is too much for a README. */
async function pictureDashboard(file: string): Promise<void> {
  const width = 1_200;
  const dashboard = spawn(process.execPath, [CLI, "dashboard", "--no-open"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: ["--no-sandbox"],
  });
  try {
    const [said] = (await once(dashboard.stdout, "data")) as [Buffer];
    const link = /http:\S+token=\S+/.exec(said.toString())?.[0] ?? "";
    const page = await browser.newPage({
      viewport: { width, height: 2_600 },
      colorScheme: "light",
      reducedMotion: "reduce",
    });
    await page.goto(link);
    await page.getByText("Visits by day").waitFor();
    await page.waitForLoadState("networkidle", { timeout: 3_000 }).catch(() => {
      // The page is live, so its connection need not rest.
    });
    const top = await page.getByText("Visits that have ended").boundingBox();
    const last = await page
      .getByRole("region", { name: "Schedules", exact: true })
      .boundingBox();
    if (top === null || last === null) throw new Error("It shows no visits.");
    const y = top.y - MARGIN_PX;
    const height = last.y + last.height + MARGIN_PX - y;
    await page.screenshot({ path: file, clip: { x: 0, y, width, height } });
  } finally {
    await browser.close();
    dashboard.kill();
  }
}

/** What a command prints into a terminal, with its colours. */
function inTerminal(...args: string[]): Promise<string> {
  const line = `stty cols ${COLUMNS} rows 50; exec '${process.execPath}' '${CLI}' ${args.join(" ")}`;
  return run("script", ["-qefc", line, "/dev/null"]);
}

function printed(...args: string[]): Promise<string> {
  return run(process.execPath, [CLI, ...args]);
}

async function run(command: string, args: string[]): Promise<string> {
  const child = spawn(command, args, {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], TERM: "xterm", HOME: folder, TZ: "UTC" },
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  if (code === 0) return said;
  throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${said}`);
}
