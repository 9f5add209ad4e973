import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Args, FunctionName, Returns } from "../../../cli/lib/api.js";

const script = fileURLToPath(new URL("servedProcess.ts", import.meta.url));

/** A deployment in a process of its own, to be killed without warning. */
export class KillableDeployment {
  private constructor(
    readonly url: string,
    readonly adminKey: string,
    readonly process: ChildProcess,
  ) {}

  static async start(dataDir: string): Promise<KillableDeployment> {
    const child = fork(script, [dataDir], {
      execArgv: ["--conditions=source", "--import=tsx"],
    });
    const [{ url, adminKey }] = (await once(child, "message")) as [
      { url: string; adminKey: string },
    ];
    return new KillableDeployment(url, adminKey, child);
  }

  async kill(): Promise<void> {
    const exited = once(this.process, "exit");
    this.process.kill("SIGKILL");
    await exited;
  }

  /** @throws when no answer comes, as from a process that is killed */
  async call<Name extends FunctionName>(
    name: Name,
    args: Args<Name>,
  ): Promise<Returns<Name>> {
    const response = await fetch(`${this.url}/api/function`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Authorization: `Convex ${this.adminKey}`,
      },
      body: JSON.stringify({
        componentPath: "sessionTracker",
        path: name,
        args,
        format: "json",
      }),
    });
    const answer = (await response.json()) as {
      status: string;
      value: unknown;
    };
    if (answer.status !== "success") throw new Error(JSON.stringify(answer));
    return answer.value as Returns<Name>;
  }
}
