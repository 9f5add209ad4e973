/**
 * The streams that all output goes through, and their failures: a disk is full, or `sessions-ops list |
 * head` has closed the pipe.
 */
import type { CliContext } from "../context.js";
import { CliError } from "../errors.js";

/** Contexts whose command has changed something: its output from then on is the receipt. */
const changed = new WeakSet<CliContext>();

/** The first failure of each stdout; later writes only fail because of it. */
const failures = new WeakMap<CliContext, Error>();

/** By stderr, the remarks that a command still owes; none once the error that ended it is printed. */
const owed = new WeakMap<CliContext["stderr"], Set<() => void>>();

/** Begins a command, whose remarks come before the error that ends it. */
export function beginRemarks({ stderr }: CliContext): void {
  owed.set(stderr, new Set());
}

/** Makes all remarks that are owed, and no later one: the error comes next, as the last line. */
export function endRemarks({ stderr }: CliContext): void {
  const remarks = owed.get(stderr) ?? [];
  owed.delete(stderr);
  for (const remark of remarks) remark();
}

/** Owes a remark until the function that this returns is called, which says whether it is to be made then. */
export function oweRemark(
  { stderr }: CliContext,
  remark: () => void,
): () => boolean {
  const remarks = owed.get(stderr);
  remarks?.add(remark);
  return () =>
    remarks !== undefined &&
    owed.get(stderr) === remarks &&
    remarks.delete(remark);
}

/** Sends output that stdout does not take to stderr from here on, whatever the command prints. */
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

/** Writes a remark to stderr; nothing depends on whether it can be written. */
export function writeErr(context: CliContext, text: string): void {
  context.stderr.write(text);
}

/** Resolves once all output is written. @throws where it cannot be */
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
    // The promise is looked at only while something waits.
    this.broken.catch(() => {});
  }

  /** Whether stdout takes no more: work that still goes on has nobody to tell. */
  get isBroken(): boolean {
    return this.#isBroken;
  }
}

export class NotWritten extends CliError {
  /** Whether the reader has closed the pipe: it has read enough, which is no failure. */
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
