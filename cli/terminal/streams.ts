/**
 * Where all that is written goes through, and what becomes of it where stdout takes no more: a disk is
 * full, or `sessions-ops list | head` has closed the pipe.
 */
import type { CliContext } from "../context.js";
import { CliError } from "../errors.js";

/** Those whose command has changed something: what it prints from then on is the receipt. */
const changed = new WeakSet<CliContext>();

/** What stdout first failed with; later writes only fail because it has. */
const failures = new WeakMap<CliContext, Error>();

/** From here on, what cannot go to stdout goes to stderr, whatever the command prints. */
export function printsReceipts(context: CliContext): void {
  changed.add(context);
}

export function writeOut(context: CliContext, text: string): void {
  context.stdout.write(text, (error) => {
    if (!error) return;
    if (!failures.has(context)) failures.set(context, error);
    if (changed.has(context)) writeErr(context, text);
  });
}

/** What is besides; nothing depends on whether it can be written. */
export function writeErr(context: CliContext, text: string): void {
  context.stderr.write(text);
}

/** Resolves once all that was printed is written. @throws where it cannot be */
export async function flushed(context: CliContext): Promise<void> {
  const error = await new Promise<Error | null | undefined>((resolve) => {
    context.stdout.write("", resolve);
  });
  if (error) throw new NotWritten(context, failures.get(context) ?? error);
}

/** Watches stdout from the start of a command to its end. */
export class StdoutWatch {
  /** Rejects when stdout takes no more. */
  readonly broken: Promise<never>;
  #isBroken = false;

  constructor(context: CliContext) {
    this.broken = new Promise((_resolve, reject) => {
      context.stdout.on("error", (error: Error) => {
        this.#isBroken = true;
        reject(new NotWritten(context, error));
      });
    });
    // Looked at only while something waits.
    this.broken.catch(() => {});
  }

  /** What still goes on has nobody to tell. */
  get isBroken(): boolean {
    return this.#isBroken;
  }
}

export class NotWritten extends CliError {
  /** Whoever read it has read enough, which is no failure. */
  readonly isClosed: boolean;

  constructor(context: CliContext, error: Error) {
    const receipt = changed.has(context)
      ? " What the command did is done, and said above."
      : "";
    super(
      "failure",
      `The output cannot be written: ${error.message}.${receipt} Make room, or send it elsewhere.`,
      { cause: error },
    );
    this.isClosed = "code" in error && error.code === "EPIPE";
  }
}
