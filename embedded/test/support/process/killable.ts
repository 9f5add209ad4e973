import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";
import type { OpenOptions } from "../../../src/index.js";
import { pushBy, type Answer, type PushedApp } from "../deployment.js";

/** Messages of the served process. */
export type FromServed =
  | { kind: "serving"; url: string; adminKey: string }
  | { kind: "logged"; line: string }
  | { kind: "wasBusy" }
  | ({ kind: "memory" } & NodeJS.MemoryUsage);

/** Messages to the served process. */
export type ToServed = "memory" | "startJobs" | { busyMs: number };

/** Options of the served deployment. */
export type ServedOptions = Pick<OpenOptions, "endWhenStuckMs" | "holdJobs">;

/** A deployment in a process of its own, to be killed without warning. */
export class KillableDeployment {
  readonly logged: string[] = [];

  private constructor(
    readonly url: string,
    readonly adminKey: string,
    readonly process: ChildProcess,
    /** Its output on standard error. */
    readonly stderr: () => string,
  ) {}

  /**
   * Starts a process.
   * @param port - 0 picks a free one
   */
  static async start(
    dataDir: string,
    port = 0,
    options: ServedOptions = {},
  ): Promise<KillableDeployment> {
    const script = await writeScript();
    const args = [dataDir, String(port), JSON.stringify(options)];
    const child = fork(script, args, {
      execArgv: ["--enable-source-maps", "--expose-gc"],
      // Without a watchdog, the text there is for whoever reads the tests' output.
      stdio: [
        "ignore",
        "inherit",
        options.endWhenStuckMs === undefined ? "inherit" : "pipe",
        "ipc",
      ],
    });
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const early: string[] = [];
    const started = await new Promise<FromServed & { kind: "serving" }>(
      (resolve, reject) => {
        child.on("message", (message: FromServed) => {
          if (message.kind === "serving") resolve(message);
          else if (message.kind === "logged") early.push(message.line);
        });
        child.once("exit", (code) =>
          reject(new Error(`The deployment ended with ${code}.`)),
        );
      },
    );
    await rm(script);
    const { url, adminKey } = started;
    const deployment = new KillableDeployment(
      url,
      adminKey,
      child,
      () => stderr,
    );
    deployment.logged.push(...early);
    child.on("message", (message: FromServed) => {
      if (message.kind === "logged") deployment.logged.push(message.line);
    });
    return deployment;
  }

  /** `Authorization` header of the administrator. */
  get admin(): Record<string, string> {
    return { authorization: `Convex ${this.adminKey}` };
  }

  async kill(): Promise<void> {
    if (this.hasEnded) return;
    const exited = once(this.process, "exit");
    this.process.kill("SIGKILL");
    await exited;
  }

  get hasEnded(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  startJobs(): void {
    this.process.send("startJobs" satisfies ToServed);
  }

  /** Keeps the process's thread busy with work that is no function's. */
  async keepBusy(busyMs: number): Promise<void> {
    const done = new Promise<void>((resolve) => {
      const hear = ({ kind }: FromServed) => {
        if (kind !== "wasBusy") return;
        this.process.off("message", hear);
        resolve();
      };
      this.process.on("message", hear);
    });
    this.process.send({ busyMs } satisfies ToServed);
    await done;
  }

  /** Memory of the process, after its garbage was collected. */
  async memory(): Promise<NodeJS.MemoryUsage> {
    const answer = new Promise<NodeJS.MemoryUsage>((resolve) => {
      const hear = (message: FromServed) => {
        if (message.kind !== "memory") return;
        this.process.off("message", hear);
        resolve(message);
      };
      this.process.on("message", hear);
    });
    this.process.send("memory" satisfies ToServed);
    return answer;
  }

  /** POSTs JSON; rejects when no answer comes, as from a process that is killed. */
  async post(
    target: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(`${this.url}${target}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === "" ? undefined : (JSON.parse(text) as unknown),
    };
  }

  push(app: PushedApp): Promise<Answer> {
    return pushBy(this.step, app);
  }

  /** Makes one step of the push protocol. */
  readonly step = (name: string, body: Record<string, unknown>) =>
    this.post(`/api/${name}`, body, this.admin);
}

// Folder in which a script finds the packages that stay outside of it.
const SCRIPTS = path.resolve(
  import.meta.dirname,
  "../../../node_modules/.cache",
);

let bundled: Promise<string> | undefined;
let scripts = 0;

/**
 * Writes a script of one file, which starts in a fraction of the time that compiling each module
 * takes.
 */
async function writeScript(): Promise<string> {
  const text = await (bundled ??= bundleScript());
  const file = path.join(
    SCRIPTS,
    `served-${process.pid}-${(scripts += 1)}.mjs`,
  );
  await mkdir(SCRIPTS, { recursive: true });
  await writeFile(file, text);
  return file;
}

async function bundleScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path.join(import.meta.dirname, "servedProcess.ts")],
    write: false,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    sourcemap: "inline",
    logLevel: "silent",
  });
  return outputFiles[0]!.text;
}
