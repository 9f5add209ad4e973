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

/** The folder of the repository. */
export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** Figures that the measured process sends of itself. */
export interface ServerStats {
  /** Mutations committed, each its own transaction. */
  mutations: number;
  /** The most memory of the process, without the mapped pages of its data file. */
  maxOwnBytes: number;
  /** The most memory of the process, with the mapped pages of its data file. */
  maxRssBytes: number;
  /** The size that the store's file has grown to. */
  dataFileBytes: number;
}

/** A deployment in a process of its own, with an app deployed to it. */
export class MeasuredDeployment {
  readonly #dataDir: string;
  #server: Server;

  private constructor(dataDir: string, server: Server) {
    this.#dataDir = dataDir;
    this.#server = server;
  }

  static async start(app = ROOT): Promise<MeasuredDeployment> {
    const dataDir = await mkdtemp(join(tmpdir(), "sessions-ops-bench-"));
    const deployment = new MeasuredDeployment(dataDir, await serve(dataDir));
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
    this.#server = await serve(this.#dataDir);
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

  /** Makes one call over HTTP, as `ConvexHttpClient` makes it. */
  async post(path: string, body: object): Promise<unknown> {
    const response = await fetch(this.url + path, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Authorization: `Convex ${this.#server.adminKey}`,
      },
      body: JSON.stringify({ format: "convex_encoded_json", ...body }),
    });
    const answer = (await response.json()) as {
      status?: string;
      value?: unknown;
      errorMessage?: string;
    };
    if (answer.status === "success") return answer.value;
    throw new Error(`${path} failed: ${JSON.stringify(answer)}`);
  }

  async stats(): Promise<ServerStats> {
    const { process } = this.#server;
    process.send("stats");
    const [stats] = (await once(process, "message")) as [ServerStats];
    return stats;
  }

  async stop(): Promise<void> {
    await this.#stopProcess();
    await rm(this.#dataDir, { recursive: true });
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

async function serve(dataDir: string): Promise<Server> {
  const script = fileURLToPath(
    new URL("./deploymentProcess.mjs", import.meta.url),
  );
  const child = fork(script, [dataDir], { execArgv: [] });
  const [started] = (await once(child, "message")) as [Omit<Server, "process">];
  return { process: child, ...started };
}
