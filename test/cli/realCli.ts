/** The real CLI in processes of their own, in a folder with an app to serve. */
import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { Finished } from "./harness.js";

const root = join(import.meta.dirname, "../..");

export interface Running {
  child: ChildProcess;
  finished: Promise<Finished>;
  /** Resolves with the first line on stdout. */
  firstLine: Promise<string>;
  /** Resolves once both outputs together hold this. */
  said(text: string | RegExp): Promise<string>;
}

/** A folder of its own, so that the deployment served in it is nobody else's. */
export class RealCli {
  readonly folder = mkdtempSync(join(tmpdir(), "sessions-ops-end-to-end-"));
  readonly #children = new Set<ChildProcess>();

  constructor() {
    for (const name of ["convex", "client", "package.json", "tsconfig.json"]) {
      cpSync(join(root, name), join(this.folder, name), { recursive: true });
    }
    symlinkSync(join(root, "node_modules"), join(this.folder, "node_modules"));
    afterAll(() => {
      for (const child of this.#children) child.kill("SIGKILL");
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  start(args: string[], stdin = ""): Running {
    const running = this.#spawn(process.execPath, commandOf(args));
    running.child.stdin?.end(stdin);
    return running;
  }

  /** In a terminal of its own, 100 columns wide; what is typed goes to its stdin. */
  startInTerminal(args: string[]): Running {
    const command = [process.execPath, ...commandOf(args)]
      .map((word) => `'${word}'`)
      .join(" ");
    const inside = `stty cols 100; exec ${command}`;
    return this.#spawn("script", ["-qefc", inside, "/dev/null"]);
  }

  run(...args: string[]): Promise<Finished> {
    return this.start(args).finished;
  }

  async json<Shape>(args: string[], stdin?: string): Promise<Shape> {
    const { exitCode, stdout, stderr } = await this.start(
      [...args, "--json"],
      stdin,
    ).finished;
    if (exitCode !== 0) throw new Error(`exit ${exitCode}: ${stderr}`);
    return JSON.parse(stdout) as Shape;
  }

  #spawn(command: string, args: string[]): Running {
    const child = spawn(command, args, {
      cwd: this.folder,
      env: { PATH: process.env["PATH"], HOME: this.folder, TERM: "xterm" },
    });
    this.#children.add(child);
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const finished = new Promise<Finished>((resolve) => {
      child.on("close", (code) => {
        this.#children.delete(child);
        resolve({ exitCode: code ?? -1, stdout, stderr });
      });
    });
    const heard = (found: () => string | undefined) =>
      new Promise<string>((resolve, reject) => {
        const look = (): void => {
          const text = found();
          if (text !== undefined) resolve(text);
        };
        child.stdout.on("data", look);
        child.stderr.on("data", look);
        child.on("close", () => reject(new Error(`It ended: ${stderr}`)));
        look();
      });
    const firstLine = heard(() =>
      stdout.includes("\n") ? stdout.split("\n")[0] : undefined,
    );
    firstLine.catch(() => {});
    const said = (text: string | RegExp) =>
      heard(() => {
        const all = stdout + stderr;
        const isThere =
          typeof text === "string" ? all.includes(text) : text.test(all);
        return isThere ? all : undefined;
      });
    return { child, finished, firstLine, said };
  }
}

function commandOf(args: string[]): string[] {
  return [
    "--conditions=source",
    "--import=tsx",
    join(root, "cli/main.ts"),
    ...args,
  ];
}
