import { spawn } from "node:child_process";
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium, type BrowserContext } from "playwright-core";

/** A Chromium process of its own, with a profile of its own. */
export interface Chromium {
  context: BrowserContext;
  close: () => Promise<void>;
}

export interface ChromiumOptions {
  /** Whether storage throws when it is touched, as where all cookies are blocked in the settings. */
  blockStorage?: boolean;
}

/** A Chromium process to which nobody is attached. */
export interface Unwatched {
  ended: Promise<void>;
  close: () => Promise<void>;
}

/** The host of this machine on plain http that a browser does not take for it: no secure context. */
export const INSECURE_HOST = "app.test";

/**
 * Starts Chromium without Playwright's defaults: they keep all tabs visible and turn the back/forward
 * cache off, and both are under test.
 */
export async function startChromium({
  blockStorage = false,
}: ChromiumOptions = {}): Promise<Chromium> {
  const profile = makeProfile();
  if (blockStorage) writePreferences(profile, { cookies: BLOCK });
  const { stderr, ended, kill } = spawnChromium(profile, [
    "--remote-debugging-port=0",
    // Its own first page goes through several processes: to connect meanwhile takes 5 s, or has no end.
    "about:blank",
  ]);
  try {
    const endpoint = await endpointOf(stderr, ended);
    const browser = await chromium.connectOverCDP(endpoint, {
      noDefaults: true,
      timeout: TIMEOUT_MS,
    });
    const [context] = browser.contexts();
    if (context === undefined) throw new Error("Chromium has no profile.");
    // The timeout of a test is longer than any of this.
    context.setDefaultTimeout(TIMEOUT_MS);
    const close = async (): Promise<void> => {
      await browser.close();
      await kill();
    };
    return { context, close };
  } catch (error) {
    await kill();
    throw error;
  }
}

/**
 * Starts Chromium at an address, with nothing by which it could be debugged: while a debugger is attached to
 * a page, it prerenders none for it.
 */
export function startUnwatched(address: string): Unwatched {
  const { stderr, ended, kill } = spawnChromium(makeProfile(), [address]);
  // Nobody reads what it says, which must not fill the pipe.
  stderr.resume();
  return { ended, close: kill };
}

/** The path of Chromium. @throws where there is none, with how to get one */
export function findChromium(): string {
  const named = process.env["CHROMIUM_PATH"];
  if (named !== undefined && named !== "") {
    if (isExecutable(named)) return named;
    throw new Error(`CHROMIUM_PATH names ${named}, which is no program.`);
  }
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const found = NAMES.flatMap((name) =>
    folders.map((folder) => join(folder, name)),
  )
    .concat(MAC_PATHS)
    .find(isExecutable);
  if (found !== undefined) return found;
  throw new Error(
    `The browser tests need Chromium or Chrome, and none of ${NAMES.join(", ")} is in PATH. On Debian or Ubuntu: \`apt-get install chromium\`. Elsewhere install either, and name it by CHROMIUM_PATH if it is not in PATH.`,
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The time for one step, on a machine with other work to do. */
const TIMEOUT_MS = 120_000;

const NAMES = [
  "chromium",
  "chromium-browser",
  "google-chrome-stable",
  "google-chrome",
];
const MAC_PATHS = [
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const ARGS = [
  "--headless=new",
  "--no-first-run",
  "--no-default-browser-check",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-dev-shm-usage",
  "--password-store=basic",
  `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`,
  // Chromium's sandbox refuses to run as root, which containers often do.
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
];

/** The value of a content setting for "never". */
const BLOCK = 2;

interface Spawned {
  stderr: Readable;
  ended: Promise<void>;
  /** Ends it, and removes its profile. */
  kill: () => Promise<void>;
}

function makeProfile(): string {
  return mkdtempSync(join(tmpdir(), "sessions-ops-chromium-"));
}

function spawnChromium(profile: string, args: string[]): Spawned {
  const child = spawn(
    findChromium(),
    [...ARGS, `--user-data-dir=${profile}`, ...args],
    {
      stdio: ["ignore", "ignore", "pipe"],
      // Chromium's helper processes go with it when the group is killed.
      detached: true,
    },
  );
  const killGroup = (): void => {
    if (child.pid === undefined || child.exitCode !== null) return;
    process.kill(-child.pid, "SIGKILL");
  };
  process.once("exit", killGroup);
  const ended = new Promise<void>((resolve) => {
    child.on("close", () => resolve());
    child.on("error", () => resolve());
  });
  const kill = async (): Promise<void> => {
    killGroup();
    await ended;
    process.off("exit", killGroup);
    // A helper may write until it is gone.
    rmSync(profile, { recursive: true, force: true, maxRetries: 20 });
  };
  return { stderr: child.stderr, ended, kill };
}

function writePreferences(
  profile: string,
  settings: Record<string, number>,
): void {
  mkdirSync(join(profile, "Default"));
  writeFileSync(
    join(profile, "Default/Preferences"),
    JSON.stringify({ profile: { default_content_setting_values: settings } }),
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // The file is missing, or no program: another may work.
    return false;
  }
}

async function endpointOf(
  stderr: Readable,
  ended: Promise<void>,
): Promise<string> {
  const said: string[] = [];
  const listening = new Promise<string>((resolve) => {
    createInterface(stderr).on("line", (line) => {
      said.push(line);
      const endpoint = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
      if (endpoint !== undefined) resolve(endpoint);
    });
  });
  const failed = ended.then(() => {
    throw new Error(`${findChromium()} ended at once:\n${said.join("\n")}`);
  });
  const late = sleep(TIMEOUT_MS, undefined, { ref: false }).then(() => {
    throw new Error(`${findChromium()} does not listen:\n${said.join("\n")}`);
  });
  return await Promise.race([listening, failed, late]);
}
