/** The app of `examples/nextjs`, installed in a folder of its own, on an embedded deployment that it serves itself. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { stablePort } from "../../../../embedded/test/support/ports.js";

const ROOT = join(import.meta.dirname, "../../../..");
const APP = join(ROOT, "examples/nextjs");
/** What is no part of the app as it lies in the repository. */
const OWN = new Set([
  ".env.convex",
  ".env.local",
  ".next",
  ".sessions-ops",
  "next-env.d.ts",
  "node_modules",
]);

export class Shop {
  folder = "";
  /** Where the page is. */
  origin = "";
  /** Where the deployment is, and its HTTP actions are. */
  url = "";
  siteUrl = "";
  readonly #children = new Set<ChildProcess>();

  /** To be called once by a suite, which has the shop from its first test to its last. */
  constructor() {
    beforeAll(() => this.#open());
    afterAll(() => this.#close());
  }

  /** Runs the CLI of the app's own installation. @returns what it printed as JSON */
  async operate<Shape>(...args: string[]): Promise<Shape> {
    const command = ["sessions-ops", ...args, "--component", "visitors"];
    return JSON.parse(await this.#run("npx", [...command, "--json"])) as Shape;
  }

  /** Starts Next.js, for the page that it serves from then on. */
  async serve(command: "start" | "dev"): Promise<() => Promise<void>> {
    const port = await stablePort();
    const next = ["next", command, "-H", "127.0.0.1", "-p", `${port}`];
    const child = this.#spawn("npx", next);
    await said(child, "Ready in");
    this.origin = `http://127.0.0.1:${port}`;
    return () => end(child);
  }

  /** The values of `.env.convex`, by name. */
  async variable(name: string): Promise<string> {
    const text = await readFile(join(this.folder, ".env.convex"), "utf8");
    return new RegExp(`^${name}='(.*)'$`, "m").exec(text)?.[1] ?? "";
  }

  async #open(): Promise<void> {
    const parent = await mkdtemp(join(tmpdir(), "sessions-ops-nextjs-"));
    this.folder = join(parent, "app");
    await cp(APP, this.folder, {
      recursive: true,
      filter: (path) => !OWN.has(basename(path)),
    });
    await this.#namePackages();
    await this.#run("npm", ["install", "--prefer-offline", "--no-audit"]);
    await this.#run("npm", ["run", "keys"]);
    const port = await stablePort();
    const serve = ["serve", "--env-from", ".env.convex", "--port", `${port}`];
    const deployment = this.#spawn("npx", ["sessions-ops", ...serve]);
    await said(deployment, "is ready at");
    this.url = `http://127.0.0.1:${port}`;
    this.siteUrl = `http://127.0.0.1:${port + 1}`;
    await this.#run("npx", ["convex", "run", "shop:open"], {
      CONVEX_SELF_HOSTED_URL: this.url,
      CONVEX_SELF_HOSTED_ADMIN_KEY: await readFile(
        join(this.folder, ".sessions-ops/data/admin-key"),
        "utf8",
      ),
    });
    // With `--dev`, `serve` writes it.
    await writeFile(
      join(this.folder, ".env.local"),
      `NEXT_PUBLIC_CONVEX_URL=${this.url}\n`,
    );
    await this.#run("npx", ["next", "build"]);
  }

  async #close(): Promise<void> {
    for (const child of this.#children) await end(child);
    if (this.folder === "") return;
    await rm(join(this.folder, ".."), { recursive: true, maxRetries: 5 });
  }

  /** The app names the packages by where they lie beside it, which here they do not. */
  async #namePackages(): Promise<void> {
    const path = join(this.folder, "package.json");
    const manifest = await readFile(path, "utf8");
    await writeFile(
      path,
      manifest
        .replace('"file:../.."', JSON.stringify(`file:${ROOT}`))
        .replace(
          '"file:../../embedded"',
          JSON.stringify(`file:${join(ROOT, "embedded")}`),
        ),
    );
  }

  /** Runs a program to its end. @returns what it printed @throws where it fails, with all that it said */
  async #run(
    command: string,
    args: string[],
    env: Record<string, string> = {},
  ): Promise<string> {
    const child = this.#spawn(command, args, env);
    let stdout = "";
    let all = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      all += chunk.toString();
    });
    child.stderr?.on("data", (chunk: Buffer) => (all += chunk.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    if (code === 0) return stdout;
    throw new Error(
      `${[command, ...args].join(" ")} failed (${code}):\n${all}`,
    );
  }

  #spawn(
    command: string,
    args: string[],
    env: Record<string, string> = {},
  ): ChildProcess {
    const child = spawn(command, args, {
      cwd: this.folder,
      env: {
        PATH: process.env["PATH"],
        HOME: process.env["HOME"],
        NEXT_TELEMETRY_DISABLED: "1",
        ...env,
      },
      // It leads a group of its own, by which all that it started is ended.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#children.add(child);
    child.on("close", () => this.#children.delete(child));
    return child;
  }
}

/** Resolves once the program has said this. @throws where it ends before, with what it said instead */
async function said(child: ChildProcess, text: string): Promise<void> {
  let all = "";
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      all += chunk.toString();
      if (all.includes(text)) resolve();
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.on("error", reject);
    child.on("close", () => reject(new Error(`It ended:\n${all}`)));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return;
  const closed = once(child, "close");
  process.kill(-child.pid, "SIGTERM");
  await closed;
}
