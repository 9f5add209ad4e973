/** Processes of a row: each in a group of its own, with a bound, and ended with all that it has started. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";

/** Where and how the processes of a row run. */
export interface Place {
  cwd: string;
  env: NodeJS.ProcessEnv;
}

/** An installation and a push take seconds; with a cold cache, or beside other work, a minute. */
const STEP_DEADLINE_MS = 4 * 60_000;

/** A step that did not do what it should, with all that it printed. */
export class StepFailure extends Error {}

/** Runs a command to its end. @returns what it printed on stdout @throws {@link StepFailure} */
export async function run(
  place: Place,
  command: string,
  ...args: string[]
): Promise<string> {
  const process = start(place, command, ...args);
  const code = await process.exit();
  if (code !== 0) {
    throw new StepFailure(
      `${command} ${args.join(" ")} ended with ${code ?? `nothing within ${STEP_DEADLINE_MS / 1000} s`}:\n${process.output()}`,
    );
  }
  return process.stdout();
}

export interface Started {
  stdout: () => string;
  output: () => string;
  /** The code that it ends with; null where it had to be ended. */
  exit: () => Promise<number | null>;
  /** Asks it to end, and ends it where it does not. */
  end: () => Promise<void>;
}

const alive = new Set<ChildProcess>();

/** Starts a command that goes on until it is ended. */
export function start(
  { cwd, env }: Place,
  command: string,
  ...args: string[]
): Started {
  const child = spawn(command, args, {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  alive.add(child);
  const printed = { stdout: "", both: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      printed.both += text;
      if (name === "stdout") printed.stdout += text;
    });
  }
  const closed = once(child, "close").then(
    ([code]) => code as number | null,
    (error: unknown) => {
      printed.both += String(error);
      return 1;
    },
  );
  void closed.finally(() => alive.delete(child));
  const endWithin = async (timeoutMs: number) => {
    const timer = new AbortController();
    const late = wait(timeoutMs, undefined, { signal: timer.signal }).catch(
      () => undefined,
    );
    await Promise.race([closed, late]);
    timer.abort();
    if (alive.has(child)) killGroup(child, "SIGKILL");
    return await closed;
  };
  return {
    stdout: () => printed.stdout,
    output: () => printed.both,
    exit: () => endWithin(STEP_DEADLINE_MS),
    end: async () => {
      killGroup(child, "SIGTERM");
      await endWithin(20_000);
    },
  };
}

/** Ends whatever was started and goes on. */
export function endAll(): void {
  for (const child of alive) killGroup(child, "SIGKILL");
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // It has ended in the meantime.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
