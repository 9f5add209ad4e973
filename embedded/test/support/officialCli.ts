import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";

/** Folder in which npm has put the package `convex`, and all others with it. */
const NODE_MODULES = path.resolve(
  createRequire(import.meta.url).resolve("convex/package.json"),
  "../..",
);

/**
 * The official CLI. The script of `npx convex` only imports this file, for which Node first looks
 * through its six megabytes for names of exports; that is half of the time that a command takes.
 */
export const CONVEX_CLI = path.join(NODE_MODULES, "convex/dist/cli.bundle.cjs");

export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** A command that runs until it is stopped, and its output so far. */
export interface RunningCli {
  stdout(): string;
  stderr(): string;
  stop(): Promise<void>;
}

/** An app folder outside the repository, and the official CLI run in it. */
export class CliApp {
  private constructor(
    readonly folder: string,
    readonly target: { url: string; adminKey: string },
  ) {}

  /**
   * Makes the folder.
   * @param files - by path inside the folder
   */
  static async create(
    target: { url: string; adminKey: string },
    files: Readonly<Record<string, string>>,
  ): Promise<CliApp> {
    const app = new CliApp(
      await mkdtemp(path.join(tmpdir(), "cli-app-")),
      target,
    );
    await symlink(NODE_MODULES, path.join(app.folder, "node_modules"));
    await app.write({
      "package.json": JSON.stringify({
        name: "cli-app",
        type: "module",
        dependencies: { convex: "*" },
      }),
      ...files,
    });
    return app;
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(this.folder, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  }

  get #options() {
    return {
      cwd: this.folder,
      env: {
        PATH: process.env["PATH"],
        // The CLI keeps its user's settings there.
        HOME: this.folder,
        NO_COLOR: "1",
        CONVEX_SELF_HOSTED_URL: this.target.url,
        CONVEX_SELF_HOSTED_ADMIN_KEY: this.target.adminKey,
        CONVEX_DEPLOYMENT: "",
        CONVEX_DEPLOY_KEY: "",
      },
    };
  }

  /** Starts `convex <args>`, which runs until it is stopped. */
  start(...args: string[]): RunningCli {
    const child = spawn(process.execPath, [CONVEX_CLI, ...args], {
      ...this.#options,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
    child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    const ended = new Promise<void>((resolve) =>
      child.once("close", () => resolve()),
    );
    return {
      stdout: () => stdout,
      stderr: () => stderr,
      stop: () => {
        child.kill();
        return ended;
      },
    };
  }

  /** Runs `convex <args>` against the target; a failure is in the result. */
  convex(...args: string[]): Promise<CliResult> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [CONVEX_CLI, ...args],
        { ...this.#options, timeout: 60_000 },
        (error, stdout, stderr) =>
          resolve({
            code: error === null ? 0 : Number(error.code ?? 1),
            stdout,
            stderr,
          }),
      );
    });
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true });
  }
}
