/** The real CLI in processes of their own, in a folder with an app to serve. */
import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { build } from "vite";
import { afterAll, beforeAll } from "vitest";
import { processContext, type CliContext } from "../../../cli/context.js";
import type { ServeJson } from "../../../cli/json/ready.js";
import { buildProgram } from "../../../cli/program.js";
import type { Finished } from "./fakeTerminal.js";

const root = join(import.meta.dirname, "../../..");

type Env = Readonly<Record<string, string>>;

interface TerminalOptions {
  columns?: number;
  rows?: number;
  env?: Env;
}

export interface Running {
  child: ChildProcess;
  finished: Promise<Finished>;
  /** Resolves with the first line on stdout. */
  firstLine: Promise<string>;
  /** Resolves once both outputs together hold this. */
  said(text: string | RegExp): Promise<string>;
  /** Resolves with the object that `--json` printed, once it is whole. */
  printed<Shape>(): Promise<Shape>;
}

/** A folder for one suite, so that the deployment served in it is nobody else's. */
export class RealCli {
  readonly folder = mkdtempSync(join(tmpdir(), "sessions-ops-end-to-end-"));
  readonly #children = new Set<ChildProcess>();

  constructor() {
    for (const name of ["convex", "client", "package.json", "tsconfig.json"]) {
      cpSync(join(root, name), join(this.folder, name), { recursive: true });
    }
    symlinkSync(join(root, "node_modules"), join(this.folder, "node_modules"));
    beforeAll(async () => {
      // The CLI is built as `npm run build` does, where its packages are found as in an app that
      // installed it.
      await build({
        configFile: join(root, "cli/vite.config.ts"),
        logLevel: "error",
        build: { outDir: join(this.folder, "cli"), license: false },
      });
    }, 300_000);
    afterAll(() => {
      for (const child of this.#children) child.kill("SIGKILL");
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  start(args: string[], stdin = "", env: Env = {}): Running {
    const command = this.#commandOf(args);
    const running = this.#spawn(process.execPath, command, env);
    running.child.stdin?.end(stdin);
    return running;
  }

  /** Starts the command in a terminal of its own; its input is written to its stdin. */
  startInTerminal(
    args: string[],
    { columns = 100, rows = 24, env = {} }: TerminalOptions = {},
  ): Running {
    const inside = `stty cols ${columns} rows ${rows}; exec ${this.inShell(args)}`;
    return this.#spawn("script", ["-qefc", inside, "/dev/null"], env);
  }

  /** Starts a line for `sh`, in which the command stands as `inShell` has it. */
  startLine(line: string, env: Env = {}): Running {
    return this.#spawn("sh", ["-c", line], env);
  }

  /** The command as a shell has to be given it. */
  inShell(args: string[]): string {
    return [process.execPath, ...this.#commandOf(args)]
      .map((word) => `'${word.replaceAll("'", "'\\''")}'`)
      .join(" ");
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

  /** Serves the folder's app until the suite is over, and keeps the daily purge off its old sessions. */
  async serve(): Promise<ServeJson> {
    const args = ["serve", "--port", "0", "--data", "data", "--json"];
    const served = await this.start(args).printed<ServeJson>();
    await this.putOffPurges();
    return served;
  }

  /** Keeps the daily purge, whose time may come while a test runs, off the old sessions that it imports. */
  async putOffPurges(): Promise<void> {
    await this.quick(["schedule", "set", "purge", "0 0 29 2 *"]);
  }

  /**
   * Runs the same command without a process, at a tenth of the cost, for the setup and the checks of a
   * test.
   */
  async quick<Shape>(args: string[], stdin = ""): Promise<Shape> {
    let printed = "";
    const stdout = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        printed += chunk.toString();
        done();
      },
    });
    const context: CliContext = {
      ...processContext(),
      stdin: Readable.from([stdin]),
      stdout,
      stderr: new Writable({ write: (_chunk, _encoding, done) => done() }),
      interactive: false,
      env: {},
      cwd: this.folder,
    };
    const line = ["node", "sessions-ops", ...args, "--json"];
    await buildProgram(context).parseAsync(line);
    return JSON.parse(printed) as Shape;
  }

  #commandOf(args: string[]): string[] {
    // The source of the embedded package is served, so that no test runs an old build of it.
    const source = ["--conditions=source", "--import=tsx"];
    return [
      ...(args[0] === "serve" ? source : []),
      join(this.folder, "cli/main.js"),
      ...args,
    ];
  }

  #spawn(command: string, args: string[], env: Env): Running {
    const child = spawn(command, args, {
      cwd: this.folder,
      env: {
        PATH: process.env["PATH"],
        HOME: this.folder,
        TERM: "xterm",
        ...env,
      },
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
    const printed = async <Shape>(): Promise<Shape> => {
      const isWhole = () => (/^}\n/m.test(stdout) ? stdout : undefined);
      return JSON.parse(await heard(isWhole)) as Shape;
    };
    return { child, finished, firstLine, said, printed };
  }
}
