import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Where Debian has PostgreSQL 15. */
const DEBIAN_BIN = "/usr/lib/postgresql/15/bin";
/** What is run of it. */
const PROGRAMS = ["initdb", "postgres", "pg_isready", "psql", "pgbench"];
const USER = "bench";
const DATABASE = "postgres";
const READY_MS = 30_000;

/** A PostgreSQL of its own, as it is installed, on a directory and a socket that go with it. */
export class PostgresServer {
  readonly #bin: string;
  readonly #folder: string;
  readonly #process: ChildProcess;
  /** As `postgres --version` says it. */
  readonly version: string;

  private constructor(
    bin: string,
    folder: string,
    process: ChildProcess,
    version: string,
  ) {
    this.#bin = bin;
    this.#folder = folder;
    this.#process = process;
    this.version = version;
  }

  /** @returns `null` where PostgreSQL is not installed */
  static async start(): Promise<PostgresServer | null> {
    const bin = binFolder();
    if (bin === null) return null;
    const owner = await ownerOfServer();
    const folder = await mkdtemp(join(tmpdir(), "sessions-ops-postgres-"));
    if (owner !== null) await chown(folder, owner.uid, owner.gid);
    const as = owner ?? {};
    const dataDir = join(folder, "data");
    await run(
      join(bin, "initdb"),
      ["-D", dataDir, "-U", USER, "--auth=trust", "--encoding=UTF8"],
      { cwd: folder, ...as },
    );
    const { stdout } = await run(join(bin, "postgres"), ["--version"]);
    // As it is installed, but for the network, which it does not listen to.
    const settings = ["-c", "listen_addresses=", "-k", folder];
    const child = spawn(join(bin, "postgres"), ["-D", dataDir, ...settings], {
      cwd: folder,
      stdio: "ignore",
      ...as,
    });
    const server = new PostgresServer(bin, folder, child, stdout.trim());
    await server.#untilReady();
    return server;
  }

  /** Runs SQL by `psql`, each statement its own transaction. @returns how long that took, in ms */
  async run(sql: string): Promise<number> {
    const file = join(this.#folder, "run.sql");
    await writeFile(file, sql);
    const start = performance.now();
    const options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"];
    await this.#call("psql", [...options, "--file", file, DATABASE]);
    return performance.now() - start;
  }

  /**
   * Runs a statement over and over by `pgbench`, prepared, from so many connections.
   * @returns how often a second
   */
  async rateOf(
    sql: string,
    { clients, durationMs }: { clients: number; durationMs: number },
  ): Promise<number> {
    const file = join(this.#folder, "rate.sql");
    await writeFile(file, sql);
    const { stdout } = await this.#call("pgbench", [
      "--no-vacuum",
      `--client=${clients}`,
      "--protocol=prepared",
      `--time=${Math.ceil(durationMs / 1_000)}`,
      `--file=${file}`,
      DATABASE,
    ]);
    return Number(/^tps = ([\d.]+)/m.exec(stdout)?.[1]);
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, "exit");
    // Ends without waiting for those who are connected.
    this.#process.kill("SIGINT");
    await ended;
    await rm(this.#folder, { recursive: true });
  }

  #call(program: string, args: string[]) {
    const connection = ["-h", this.#folder, "-U", USER];
    return run(join(this.#bin, program), [...connection, ...args]);
  }

  async #untilReady(): Promise<void> {
    const until = performance.now() + READY_MS;
    for (;;) {
      try {
        await this.#call("pg_isready", []);
        return;
      } catch (error) {
        const isOver = this.#process.exitCode !== null;
        if (isOver || performance.now() > until) throw error;
        await sleep(100);
      }
    }
  }
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function binFolder(): string | null {
  const folders = [DEBIAN_BIN, ...(process.env["PATH"] ?? "").split(delimiter)];
  return (
    folders.find((folder) =>
      PROGRAMS.every((name) => existsSync(join(folder, name))),
    ) ?? null
  );
}

/** Whom it runs as: it refuses to run as root. `null` is who runs the bench. */
async function ownerOfServer(): Promise<{ uid: number; gid: number } | null> {
  if (process.getuid?.() !== 0) return null;
  const id = async (option: "-u" | "-g") => {
    const of = (name: string) => run("id", [option, name]);
    const { stdout } = await of("postgres").catch(() => of("nobody"));
    return Number(stdout);
  };
  return { uid: await id("-u"), gid: await id("-g") };
}
