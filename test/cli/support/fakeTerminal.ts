/// <reference types="vite/client" />
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable, Writable } from "node:stream";
import { onTestFinished } from "vitest";
import { Interrupts, type CliContext } from "../../../cli/context.js";
import type { FetchInit } from "../../../cli/deployment/http.js";
import { PrintedCommands } from "../../../cli/terminal/printedCommands.js";
import { writeRunningDeployment } from "../../../cli/deployment/target/runningDeployment.js";
import { runProgram } from "../../../cli/program.js";

export const DEPLOYMENT_URL = "http://127.0.0.99:3210";
export const ADMIN_KEY = "very-secret-admin-key-0123456789";

export interface Finished {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** A terminal, a folder and a network that belong to one test. */
export class FakeTerminal {
  readonly folder = mkdtempSync(join(tmpdir(), "sessions-ops-test-"));
  /** Parts of the context that are replaced. */
  readonly overrides: Partial<CliContext>;
  readonly questions: string[] = [];
  /** The answers typed at the next questions; a missing one fails the test. */
  answers: Array<boolean | string> = [];
  stdin = "";
  /** Whether both outputs are a terminal. */
  isTTY = false;
  columns = 100;
  readonly #interrupts = new Interrupts(() => () => {});
  /** Presses Ctrl-C. */
  readonly interrupt = this.#interrupts.raise;

  constructor(overrides: Partial<CliContext> = {}) {
    this.overrides = overrides;
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  write(path: string, text: string): string {
    const full = join(this.folder, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
    return full;
  }

  /** Leaves the folder as a running `serve` does. */
  serveHere(url = DEPLOYMENT_URL, pid = 1): void {
    const adminKeyFile = this.write("data/admin-key", `${ADMIN_KEY}\n`);
    const dataDir = join(this.folder, "data");
    writeRunningDeployment(this.folder, { url, dataDir, adminKeyFile, pid });
  }

  /** Presses Ctrl-C while that function is called, whose answer comes, or never does. */
  interruptAt(asked: string, { isAnswered }: { isAnswered: boolean }): void {
    const online = this.overrides.fetch;
    Object.assign(this.overrides, {
      // Time passes only where somebody waits for an answer that does not come.
      sleep: (_ms: number, signal?: AbortSignal) =>
        !isAnswered || signal?.aborted
          ? Promise.resolve()
          : new Promise(() => undefined),
      fetch: (input: string, init: FetchInit) => {
        if (bodyOf<{ path: string }>(init).path !== asked) {
          return online?.(input, init);
        }
        this.interrupt();
        return isAnswered ? online?.(input, init) : unanswered(init);
      },
    });
  }

  /** Breaks off so many calls of that function: done all the same, or not, or without a connection. */
  loseAnswers(
    asked: string,
    times: number,
    loss: "done" | "not done" | "refused" = "done",
  ): void {
    const online = this.overrides.fetch;
    let left = times;
    Object.assign(this.overrides, {
      fetch: async (input: string, init: FetchInit) => {
        const isLost =
          left > 0 && bodyOf<{ path: string }>(init).path === asked;
        if (!isLost) return online?.(input, init);
        left -= 1;
        if (loss === "done") await online?.(input, init);
        const reason = loss === "refused" ? "ECONNREFUSED" : "ECONNRESET";
        throw Object.assign(new Error(reason), { code: reason });
      },
    });
  }

  /** Runs one command as `main.ts` does. */
  async run(...args: string[]): Promise<Finished> {
    const stdout = collector(this.isTTY ? this.columns : undefined);
    const stderr = collector(this.isTTY ? this.columns : undefined);
    const context = this.context(stdout.stream, stderr.stream);
    const argv = ["node", "sessions-ops", ...args];
    const { exitCode } = await runProgram(context, argv);
    return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
  }

  /** Runs a command with `--json` and reads the one object it prints. */
  async json<Shape>(...args: string[]): Promise<Shape> {
    const { exitCode, stdout, stderr } = await this.run(...args, "--json");
    if (exitCode !== 0) throw new Error(`exit ${exitCode}: ${stderr}`);
    return JSON.parse(stdout) as Shape;
  }

  context(
    stdout: Writable = collector().stream,
    stderr: Writable = collector().stream,
  ): CliContext {
    const answer = (message: string): boolean | string => {
      this.questions.push(message);
      const next = this.answers.shift();
      if (next === undefined) throw new Error(`Not expected: ${message}`);
      return next;
    };
    return {
      stdin: Readable.from([this.stdin]),
      stdout,
      stderr,
      interactive: false,
      env: {},
      cwd: this.folder,
      timeZone: "Europe/Berlin",
      actor: "cli:ada@desk",
      fetch: () => Promise.reject(new Error("no network in this test")),
      commands: new PrintedCommands(),
      prompts: {
        confirm: (message) => Promise.resolve(answer(message) === true),
        input: (message) => Promise.resolve(String(answer(message))),
      },
      now: () => Date.now(),
      sleep: () => Promise.resolve(),
      onInterrupt: this.#interrupts.on,
      isProcessAlive: () => true,
      openBrowser: () => Promise.resolve(false),
      ...this.overrides,
    };
  }
}

/** The body of a request that the CLI made: JSON, always. */
export function bodyOf<Body>(init: FetchInit | undefined): Body {
  if (typeof init?.body !== "string") throw new Error("No body was sent.");
  return JSON.parse(init.body) as Body;
}

function unanswered({ signal }: FetchInit): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(signal?.reason as Error);
    if (signal?.aborted) fail();
    else signal?.addEventListener("abort", fail);
  });
}

function collector(columns?: number) {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  if (columns !== undefined) Object.assign(stream, { isTTY: true, columns });
  return { stream, text: () => chunks.join("") };
}
