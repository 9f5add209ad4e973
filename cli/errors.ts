/** The kinds of errors that end a command early. Programs tell them apart by the exit code. */
export type CliErrorCode =
  /** The command understood everything and could not do it. */
  | "failure"
  /** Arguments, options or environment that contradict each other or the deployment. */
  | "usage"
  /** The operator answered no, or pressed Ctrl-C. */
  | "cancelled"
  | "runFailed"
  | "unauthorized"
  | "unreachable"
  /** The command needs a confirmation that it did not get. */
  | "unconfirmed";

export const EXIT_CODES: Record<CliErrorCode, number> = {
  failure: 1,
  usage: 2,
  cancelled: 2,
  runFailed: 3,
  unauthorized: 4,
  unreachable: 4,
  unconfirmed: 5,
};

interface CliErrorOptions extends ErrorOptions {
  readonly retryable?: boolean;
}

/** Every error a command throws on purpose: what happened, with which value, and what to do. */
export class CliError extends Error {
  readonly code: CliErrorCode;
  readonly #retryable: boolean | undefined;

  constructor(code: CliErrorCode, message: string, options?: CliErrorOptions) {
    super(message, options);
    this.name = "CliError";
    this.code = code;
    this.#retryable = options?.retryable;
  }

  get exitCode(): number {
    return EXIT_CODES[this.code];
  }

  /**
   * Whether the same command may be given again, which does no more than once would have. An error of
   * ours behind this one is a lost answer, and leaves open what was done; unless nothing was sent.
   */
  get retryable(): boolean {
    const { cause } = this;
    const isInDoubt = cause instanceof CliError && !(cause instanceof NotSent);
    return this.#retryable ?? (this.code === "unreachable" && !isInDoubt);
  }
}

/** Nobody took the call, so that it was surely not done. */
export class NotSent extends CliError {
  constructor(message: string) {
    super("unreachable", message);
  }
}

/** Whether a call got no answer. */
export function isUnreachable(error: unknown): error is CliError {
  return error instanceof CliError && error.code === "unreachable";
}

/** Whether a call got no answer and may have been done all the same. */
export function mayBeDone(error: unknown): error is CliError {
  return isUnreachable(error) && !(error instanceof NotSent);
}

/** The text, for people, and the exit code of whatever ended the program. */
export function describeError(error: unknown): {
  text: string;
  exitCode: number;
} {
  const said = explain(error);
  if (said === null) return { text: "", exitCode: 0 };
  const { code, message, hint, between = "\n" } = said;
  // A command that the operator ended is no error.
  const label = code === "cancelled" ? "" : "error: ";
  const text = hint === undefined ? message : `${message}${between}${hint}`;
  return {
    text: message === "" ? "" : `${label}${text}`,
    exitCode: EXIT_CODES[code],
  };
}

/** A key in a text: the secret follows the bar, as in `prod:name|secret`, `self-hosted|secret`. */
const KEY = /[\w:.-]+\|[\w+/=-]{8,}/g;

/** The text without keys: an error may quote a key that was pasted where a file or a URL belongs. */
function withoutKeys(text: string): string {
  return text.replace(KEY, "[admin key]");
}

/** The parts of an error's text, for people and for programs. */
export interface Said {
  code: CliErrorCode;
  /** The message; empty where people have seen it printed already. */
  message: string;
  hint?: string;
  /** Text that stands before the hint. */
  between?: string;
}

/** The text of an error. @returns `null` where nothing went wrong */
export function explain(error: unknown): Said | null {
  const said = explainQuoting(error);
  return said && { ...said, message: withoutKeys(said.message) };
}

function explainQuoting(error: unknown): Said | null {
  if (error instanceof CliError) {
    return { code: error.code, message: error.message };
  }
  if (isCommanderError(error)) {
    // `--help` and `--version` end in an error as well, after they have printed their text.
    if (error.exitCode === 0) return null;
    if (error.code === "commander.help") return { code: "usage", message: "" };
    return {
      code: "usage",
      message: error.message.replace(/^error: /, ""),
      hint: "Add --help to see how the command is used.",
    };
  }
  if (isSystemError(error)) {
    const hint = ADVICE[error.code];
    return {
      code: "failure",
      message: error.message,
      ...(hint === undefined ? {} : { hint, between: ". " }),
    };
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : "";
  return {
    code: "failure",
    message: `unexpected failure, please report it.\n${detail || String(error)}`,
  };
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The name that Node or the operating system gives the error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error
    ? String(error.code)
    : undefined;
}

/** Advice for the errors that the operating system gives most. */
const ADVICE: Record<string, string> = {
  ENOSPC: "Make room, or name a file on another disk.",
  EFBIG: "Name a file on a file system that takes larger ones.",
  EACCES: "Name a file that may be read or written here.",
  EPERM: "Name a file that may be read or written here.",
  EROFS: "Name a file on a disk that can be written.",
  ENOENT: "Name one in a folder that is there.",
  EISDIR: "Name a file, not a folder.",
};

/** Whether the error is the operating system's, which says itself what it is about. */
function isSystemError(error: unknown): error is Error & { code: string } {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    "syscall" in error
  );
}

/**
 * Whether the error is commander's, told by its shape: loading its class here would cost every module
 * that throws.
 */
function isCommanderError(
  error: unknown,
): error is Error & { code: string; exitCode: number } {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    error.code.startsWith("commander.") &&
    "exitCode" in error &&
    typeof error.exitCode === "number"
  );
}
