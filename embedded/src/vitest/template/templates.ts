import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import {
  mkdir,
  readdir,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { EmbeddedError } from "../../errors.js";
import { lockDataDir, type Unlock } from "../../storage/directory/ownerLock.js";
import { TestDeploymentError } from "../errors.js";
import { findApp, type App } from "./app.js";
import { areCurrent, contentsOf, inputsOf, type Inputs } from "./inputs.js";
import { pushInto } from "./push.js";

/** Which app is pushed, and with what. */
export interface AppOptions {
  /**
   * The app: the folder of its package, or of its functions, from where the process runs; a URL such as
   * `import.meta.url` of a file in it will do. @default "."
   */
  readonly app?: string | URL;
  /** Environment variables that are set before the push. @default none */
  readonly env?: Readonly<Record<string, string>>;
}

/** Changes when what a template holds, or how it is told from others, does. */
const FORMAT = "1";
/** How many are kept: templates, of the code before, of other environments and branches; and notes of what is latest. */
const KEPT = [
  [/^[0-9a-f]{32}$/, 8],
  [/^latest-/, 64],
] as const;
/** How long another process may be pushing. */
const WAIT_MS = 6 * 60_000;
const POLL_MS = 50;

/** What was pushed last. */
interface Latest {
  readonly key: string;
  readonly inputs: Inputs;
}

/**
 * A data directory that holds the app as its sources are now, to be copied: one that was made before, or one
 * that is made now, by one process while others wait for it.
 *
 * @throws TestDeploymentError "appNotFound", "pushFailed"
 */
export async function templateOf({
  app: folder = ".",
  env = {},
}: AppOptions = {}): Promise<string> {
  const app = findApp(folder);
  const cache = cacheOf(app);
  const name = digestOf([app.root, JSON.stringify(env)]);
  const latest = path.join(cache, `latest-${name}.json`);
  const known = await current(cache, latest);
  if (known !== undefined) return known;

  await mkdir(cache, { recursive: true });
  const unlock = await lock(cache);
  try {
    return (
      (await current(cache, latest)) ?? (await make(app, cache, latest, env))
    );
  } finally {
    await unlock();
  }
}

async function make(
  app: App,
  cache: string,
  latest: string,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  // What cannot be bundled the CLI tells better. If it can after all, nothing is known of its inputs, and the
  // next deployment pushes again.
  const inputs = await inputsOf(app).catch(() => undefined);
  const key =
    inputs === undefined
      ? randomBytes(16).toString("hex")
      : digestOf([FORMAT, JSON.stringify(env), ...contentsOf(inputs, app)]);
  const template = path.join(cache, key);
  if (!existsSync(template)) {
    const draft = path.join(cache, "draft");
    await rm(draft, { recursive: true, force: true });
    await pushInto(draft, app, env);
    await rename(draft, template);
  }
  if (inputs !== undefined) {
    const text = JSON.stringify({ key, inputs } satisfies Latest);
    // Whoever reads it meanwhile has the whole of one.
    await writeFile(`${latest}.new`, text);
    await rename(`${latest}.new`, latest);
  }
  await removeOld(cache);
  return template;
}

/** The template of the latest push, where nothing has changed since. */
async function current(
  cache: string,
  latest: string,
): Promise<string | undefined> {
  if (!existsSync(latest)) return undefined;
  const { key, inputs } = JSON.parse(readFileSync(latest, "utf8")) as Latest;
  const template = path.join(cache, key);
  if (!existsSync(template) || !(await areCurrent(inputs))) return undefined;
  await utimes(template, new Date(), new Date());
  return template;
}

/** A folder that tools keep such things in, and nobody commits. */
function cacheOf({ root }: App): string {
  const modules = path.join(root, "node_modules");
  const name = "sessions-ops-embedded";
  return existsSync(modules)
    ? path.join(modules, ".cache", name)
    : path.join(tmpdir(), `${name}-${digestOf([root])}`);
}

function digestOf(texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${text}\0`);
  return hash.digest("hex").slice(0, 32);
}

/** Waits until no other process pushes. */
async function lock(cache: string): Promise<Unlock> {
  const untilMs = performance.now() + WAIT_MS;
  for (;;) {
    try {
      return await lockDataDir(cache);
    } catch (error) {
      if (!(error instanceof EmbeddedError && error.code === "dataDirInUse"))
        throw error;
      if (performance.now() > untilMs) {
        throw new TestDeploymentError(
          "pushFailed",
          `Another process has been pushing the app for ${WAIT_MS / 60_000} minutes: ${error.message}`,
          { cause: error },
        );
      }
      await setTimeout(POLL_MS);
    }
  }
}

/** Removes what was not used for the longest time. */
async function removeOld(cache: string): Promise<void> {
  const names = await readdir(cache);
  for (const [kind, kept] of KEPT) {
    const ofKind = names.filter((name) => kind.test(name));
    const dated = await Promise.all(
      ofKind.map(async (name) => {
        const { mtimeMs } = await stat(path.join(cache, name));
        return { name, mtimeMs };
      }),
    );
    dated.sort((a, b) => b.mtimeMs - a.mtimeMs);
    for (const { name } of dated.slice(kept)) {
      await rm(path.join(cache, name), { recursive: true, force: true });
    }
  }
}
