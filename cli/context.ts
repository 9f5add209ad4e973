import { hostname, userInfo } from "node:os";
import { CliError, codeOf } from "./errors.js";
import type { Fetch } from "./deployment/http.js";
import { printableText } from "./terminal/printable.js";
import { PrintedCommands } from "./terminal/printedCommands.js";
import { wholly } from "./terminal/wholly.js";

type Output = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** Everything a command may touch outside itself, so that tests can run it with their own. */
export interface CliContext {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Whether somebody is there to answer a question. */
  readonly interactive: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** IANA name of the operator's time zone. */
  readonly timeZone: string;
  /** The operator's name, as audit logs and runs record it. */
  readonly actor: string;
  readonly fetch: Fetch;
  readonly commands: PrintedCommands;
  readonly prompts: Prompts;
  now(): number;
  /** Resolves after `ms`, or as soon as the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Calls back on Ctrl-C and SIGTERM until the returned function is called.
   * @param options.isFallback only while no other handler is there; the latest of them alone
   */
  onInterrupt: OnInterrupt;
  isProcessAlive(pid: number): boolean;
  /** Shows a page to the operator. @returns whether that was begun */
  openBrowser(url: string): Promise<boolean>;
}

/** Questions go to stderr: stdout is for data. */
export interface Prompts {
  confirm(message: string): Promise<boolean>;
  input(message: string): Promise<string>;
}

export type OnInterrupt = (
  handler: () => void,
  options?: { isFallback?: boolean },
) => () => void;

/** The context of a real process. */
export function processContext(): CliContext {
  return {
    stdin: process.stdin,
    stdout: wholly(process.stdout),
    stderr: wholly(process.stderr),
    interactive: Boolean(process.stdin.isTTY && process.stderr.isTTY),
    env: process.env,
    cwd: process.cwd(),
    get timeZone() {
      // Read only where it is shown: the first use of Intl takes tens of milliseconds.
      const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
      // TZ is empty or names no zone: UTC, as date(1) takes it.
      return isKnown(timeZone) ? timeZone : "UTC";
    },
    actor: `cli:${userName()}@${hostname()}`,
    fetch: async (url, init) => {
      const { httpFetch } = await import("./deployment/http.js");
      return await httpFetch(url, init);
    },
    commands: new PrintedCommands(),
    prompts: terminalPrompts,
    now: Date.now,
    sleep,
    onInterrupt: new Interrupts(listenToSignals).on,
    isProcessAlive,
    openBrowser,
  };
}

/** Node has `undefined` or "Etc/Unknown" where it does not know its zone. */
function isKnown(timeZone: string | undefined): timeZone is string {
  return timeZone !== undefined && timeZone !== "Etc/Unknown";
}

const terminalPrompts: Prompts = {
  async confirm(message) {
    const { confirm } = await import("@inquirer/prompts");
    return await answered(
      confirm(
        { message: printableText(message), default: false },
        { output: process.stderr },
      ),
    );
  },
  async input(message) {
    const { input } = await import("@inquirer/prompts");
    return await answered(
      input({ message: printableText(message) }, { output: process.stderr }),
    );
  },
};

/** Turns Ctrl-C at a question into an answer, not a crash. */
async function answered<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && error.name === "ExitPromptError") {
      throw new CliError("cancelled", "Cancelled; nothing was changed.");
    }
    throw error;
  }
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
  });
}

/** The handlers of an interrupt: all that listen, or the latest of those that stand in for them. */
export class Interrupts {
  readonly #listen: (handler: () => void) => () => void;
  readonly #handlers: Array<() => void> = [];
  readonly #fallbacks: Array<() => void> = [];
  #stopListening = (): void => {};

  /** @param listen called with the first handler; what it returns, without the last one */
  constructor(listen: (handler: () => void) => () => void) {
    this.#listen = listen;
  }

  readonly on: OnInterrupt = (handler, { isFallback = false } = {}) => {
    if (this.#isUnheard()) this.#stopListening = this.#listen(this.raise);
    const among = isFallback ? this.#fallbacks : this.#handlers;
    among.push(handler);
    return () => {
      const at = among.lastIndexOf(handler);
      if (at === -1) return;
      among.splice(at, 1);
      if (this.#isUnheard()) this.#stopListening();
    };
  };

  readonly raise = (): void => {
    const told =
      this.#handlers.length > 0 ? this.#handlers : this.#fallbacks.slice(-1);
    for (const handler of [...told]) handler();
  };

  #isUnheard(): boolean {
    return this.#handlers.length + this.#fallbacks.length === 0;
  }
}

function listenToSignals(handler: () => void): () => void {
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, handler);
  return () => {
    for (const signal of signals) process.off(signal, handler);
  };
}

function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process is there and belongs to somebody else.
    return codeOf(error) === "EPERM";
  }
}

async function openBrowser(url: string): Promise<boolean> {
  const { default: open } = await import("open");
  try {
    const child = await open(url);
    // A browser that ends badly has said so itself; without a listener it would end us.
    child.on("error", () => {});
    return true;
  } catch {
    // No browser, no desktop: the caller says where to look instead.
    return false;
  }
}

/** The user's name. `userInfo` throws where the user id has no account, as in many containers. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid${process.getuid?.() ?? ""}`;
  }
}
