import { execFile, fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type {
  Args,
  FunctionName,
  Returns,
} from "../../../cli/deployment/api.js";
import { HEAP_FLAG } from "../../../cli/serve/heap.js";
import { HttpCaller } from "./httpCaller.js";
import { currentNode } from "./nodes.js";

/** The folder of the repository. */
export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/**
 * The folder of a built checkout of the version before, where `BENCH_BEFORE` names one: what the bench measures of
 * it in the same run is a baseline.
 */
export const BEFORE = process.env["BENCH_BEFORE"];

/** What functions that ran as their own execution took together, tries that lost a conflict not counted. */
export interface Work {
  calls: number;
  failures: number;
  documentsRead: number;
  documentsWritten: number;
  bytesRead: number;
  bytesWritten: number;
}

/** How often a function lost its try to another one that wrote what it had read. */
export interface Conflict {
  /** `component:path` */
  loser: string;
  winner: string;
  /** `component/table` */
  table: string;
  count: number;
}

/** Figures that the measured process sends of itself. */
export interface ServerStats {
  /** Mutations committed, each its own transaction. */
  mutations: number;
  /** What clients called; and what the deployment ran by itself: jobs, crons and what their actions call. */
  work: { client: Work; own: Work };
  /** For how long the thread was held, since the start or since peaks were last forgotten. */
  heldUpMs: { p99: number; max: number };
  /** Conflicts since the start; `null` where the deployment does not count them. */
  conflicts: readonly Conflict[] | null;
  /** Memory of the process at this moment, without the mapped pages of its data file. */
  ownBytes: number;
  /** Processor time that the process has used, in ms. */
  processorMs: number;
  /** The most memory since it began anew, without the mapped pages of the data file. */
  maxOwnBytes: number;
  /** The most memory of the process, with the mapped pages of its data file. */
  maxRssBytes: number;
  /** The size that the store's file has grown to. */
  dataFileBytes: number;
}

/** A deployment in a process of its own, with an app deployed to it. */
export class MeasuredDeployment {
  readonly #dataDir: string;
  readonly #isKept: boolean;
  /** The checkout whose build serves it. */
  readonly checkout: string;
  #server: Server;
  readonly #http = new HttpCaller(
    () => this.url,
    () => ({ Authorization: `Convex ${this.adminKey}` }),
  );
  /** Resolves when the last asked for figures are there. */
  #asked: Promise<unknown> = Promise.resolve();

  private constructor(
    dataDir: string,
    isKept: boolean,
    checkout: string,
    server: Server,
  ) {
    this.#dataDir = dataDir;
    this.#isKept = isKept;
    this.checkout = checkout;
    this.#server = server;
  }

  /**
   * A deployment of `app`, on a data directory of its own that goes with it.
   * @param checkout whose build serves it
   */
  static async start(app = ROOT, checkout = ROOT): Promise<MeasuredDeployment> {
    const dataDir = await mkdtemp(join(tmpdir(), "sessions-ops-bench-"));
    return await MeasuredDeployment.#open(dataDir, false, app, checkout);
  }

  /** A deployment of this app on a data directory, made where it is not there, which stays. */
  static async startIn(dataDir: string): Promise<MeasuredDeployment> {
    return await MeasuredDeployment.#open(dataDir, true, ROOT, ROOT);
  }

  static async #open(
    dataDir: string,
    isKept: boolean,
    app: string,
    checkout: string,
  ): Promise<MeasuredDeployment> {
    const server = await serve(dataDir, checkout);
    const deployment = new MeasuredDeployment(
      dataDir,
      isKept,
      checkout,
      server,
    );
    await deployment.#deploy(app);
    return deployment;
  }

  get url(): string {
    return this.#server.url;
  }

  get adminKey(): string {
    return this.#server.adminKey;
  }

  /** Stops the process and starts another on the same data, at another URL; returns when it was started. */
  async restart(): Promise<number> {
    await this.#stopProcess();
    const start = performance.now();
    this.#server = await serve(this.#dataDir, this.checkout);
    return start;
  }

  async call<Name extends FunctionName>(
    name: Name,
    args: Args<Name>,
  ): Promise<Returns<Name>> {
    const value = await this.post("/api/function", {
      componentPath: "sessionTracker",
      path: name,
      args,
    });
    return value as Returns<Name>;
  }

  /** Makes one call over HTTP, with the admin key. */
  async post(path: string, body: object): Promise<unknown> {
    const text = await this.#http.post(
      path,
      JSON.stringify({ format: "convex_encoded_json", ...body }),
    );
    const answer = JSON.parse(text) as {
      status?: string;
      value?: unknown;
      errorMessage?: string;
    };
    if (answer.status === "success") return answer.value;
    throw new Error(`${path} failed: ${JSON.stringify(answer)}`);
  }

  /** Begins anew with the most memory, and with how long the thread was held. */
  forgetPeaks(): void {
    this.#server.process.send("forget");
  }

  /** The figures of this moment; one call at a time is answered. */
  stats(): Promise<ServerStats> {
    const stats = this.#asked.then(() => this.#ask());
    this.#asked = stats.catch(() => undefined);
    return stats;
  }

  async stop(): Promise<void> {
    this.#http.close();
    await this.#stopProcess();
    if (!this.#isKept) await rm(this.#dataDir, { recursive: true });
  }

  async #ask(): Promise<ServerStats> {
    const { process } = this.#server;
    process.send("stats");
    const [stats] = (await once(process, "message")) as [ServerStats];
    return stats;
  }

  async #stopProcess(): Promise<void> {
    const { process } = this.#server;
    process.send("stop");
    await once(process, "exit");
  }

  async #deploy(app: string): Promise<void> {
    const convex = join(ROOT, "node_modules", "convex", "bin", "main.js");
    const args = [convex, "deploy", "--yes", "--typecheck=disable"];
    await promisify(execFile)(
      process.execPath,
      [...args, "--codegen=disable"],
      {
        cwd: app,
        env: {
          ...process.env,
          CONVEX_SELF_HOSTED_URL: this.url,
          CONVEX_SELF_HOSTED_ADMIN_KEY: this.#server.adminKey,
          CONVEX_DEPLOYMENT: "",
          CONVEX_DEPLOY_KEY: "",
        },
      },
    );
  }
}

interface Server {
  process: ChildProcess;
  url: string;
  adminKey: string;
}

async function serve(dataDir: string, checkout: string): Promise<Server> {
  const script = fileURLToPath(
    new URL("./deploymentProcess.mjs", import.meta.url),
  );
  const { path: execPath } = currentNode();
  // As `serve` does; the version before had its own way.
  const execArgv = checkout === ROOT ? [HEAP_FLAG] : [];
  const child = fork(script, [dataDir, checkout], { execArgv, execPath });
  const [started] = (await once(child, "message")) as [Omit<Server, "process">];
  return { process: child, ...started };
}
