import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import pc from "picocolors";

const CLI = [
  "--conditions=source",
  "--import",
  import.meta.resolve("tsx"),
  join(import.meta.dirname, "../cli/main.ts"),
];

/** The CLI as a user starts it in the folder of an app, and the deployment that it serves there. */
export class DemoCli {
  readonly #folder: string;
  readonly #server: ChildProcess;

  private constructor(folder: string, server: ChildProcess) {
    this.#folder = folder;
    this.#server = server;
  }

  /** Starts `sessions-ops serve` on a free port, and waits until it is ready. */
  static async serve(folder: string): Promise<DemoCli> {
    const args = ["serve", "--port", "0"];
    announce(args);
    const server = spawn(process.execPath, [...CLI, ...args], {
      ...inFolder(folder),
      stdio: ["ignore", "pipe", "inherit"],
    });
    // However the demo ends, the deployment must not outlive it.
    process.on("exit", () => server.kill());
    process.once("SIGINT", () => process.exit(130));
    process.once("SIGTERM", () => process.exit(143));
    for await (const line of createInterface(server.stdout)) {
      process.stdout.write(`${line}\n`);
      if (line.includes("ready")) return new DemoCli(folder, server);
    }
    throw new Error("sessions-ops serve ended before it was ready.");
  }

  /** Prints the command, then lets it print for itself. */
  async show(...args: string[]): Promise<void> {
    announce(args);
    const child = spawn(process.execPath, [...CLI, ...args], {
      ...inFolder(this.#folder),
      stdio: "inherit",
    });
    const [exit] = (await once(child, "exit")) as [number | null];
    if (exit === 0) return;
    throw new Error(`sessions-ops ${args.join(" ")} ended with ${exit}.`);
  }

  /** The object that the command prints with `--json`. */
  async json<Shape>(...args: string[]): Promise<Shape> {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...CLI, "--json", ...args],
      inFolder(this.#folder),
    );
    return JSON.parse(stdout) as Shape;
  }

  async stop(): Promise<void> {
    if (this.#server.exitCode !== null) return;
    this.#server.kill();
    await once(this.#server, "exit");
  }
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The environment without CONVEX_DEPLOY_KEY and the like, which may name a deployment that matters. */
function inFolder(folder: string): { cwd: string; env: NodeJS.ProcessEnv } {
  const env = Object.entries(process.env).filter(
    ([name]) => !name.startsWith("CONVEX_"),
  );
  return { cwd: folder, env: Object.fromEntries(env) };
}

function announce(args: string[]): void {
  const quoted = args.map((arg) => (/[\s*]/.test(arg) ? `"${arg}"` : arg));
  process.stdout.write(pc.bold(`\n$ sessions-ops ${quoted.join(" ")}\n`));
}
