import { spawn, type ChildProcess } from "node:child_process";

/** A process of Node that ends with this one, however this one ends. */
export interface BoundChild {
  readonly process: ChildProcess;
  /** The exit code, or the signal that ended the process, once nothing holds its output any more. */
  readonly ended: Promise<number | string>;
  /** Ends the process and all that it started: at once where it listens, else after a moment. */
  end(): void;
}

/** The time that a process has to end when it is asked to. */
const GRACE_MS = 2_000;

/**
 * Starts Node with `args`. Its standard input is a pipe that only this process holds: the kernel
 * closes it also at a `kill -9`, and the child hears of that on a thread of its own, so that it need
 * not be waiting for anything, and takes with it what it has started.
 */
export function startBound(
  args: readonly string[],
  options: { cwd: string; env: Readonly<Record<string, string | undefined>> },
): BoundChild {
  const child = spawn(process.execPath, ["--import", WATCH, ...args], {
    ...options,
    env: { ...options.env, [MARK]: "1" },
    // The child leads a group of its own, by which all that it started is ended.
    detached: isGrouped,
    stdio: ["pipe", "pipe", "pipe"],
  });
  // The child may end before this process.
  child.stdin.on("error", () => {});
  const ended = new Promise<number | string>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  return { process: child, ended, end: () => end(child) };
}

const isGrouped = process.platform !== "win32";

/**
 * The variable that tells the child from the processes and threads that it starts, to which Node passes
 * its options on.
 */
const MARK = "SESSIONS_OPS_BOUND_CHILD";

const ON_THREAD = `
const { Socket } = require("node:net");
const end = () => process.kill(${isGrouped ? "-process.pid" : "process.pid"}, "SIGKILL");
new Socket({ fd: 0 }).on("error", end).on("close", end).resume();
`;

const WATCH = `data:text/javascript,${encodeURIComponent(`
import { isMainThread, Worker } from "node:worker_threads";
if (isMainThread && process.env.${MARK}) {
  delete process.env.${MARK};
  new Worker(${JSON.stringify(ON_THREAD)}, { eval: true, execArgv: [] }).unref();
}
`)}`;

function end(child: ChildProcess): void {
  signal(child, "SIGTERM");
  const late = setTimeout(() => signal(child, "SIGKILL"), GRACE_MS).unref();
  child.once("close", () => clearTimeout(late));
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  const { pid } = child;
  if (pid === undefined) return;
  try {
    process.kill(isGrouped ? -pid : pid, name);
  } catch (error) {
    // ESRCH: all of the group has ended.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
