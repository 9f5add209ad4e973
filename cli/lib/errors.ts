/** What can end a command early, as programs see it: by its exit code. */
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
  /** It needs a confirmation that it did not get. */
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

/** Every error a command throws on purpose: what happened, with which value, and what to do. */
export class CliError extends Error {
  readonly code: CliErrorCode;

  constructor(code: CliErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CliError";
    this.code = code;
  }

  get exitCode(): number {
    return EXIT_CODES[this.code];
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

/** Whether a call got no answer and was done perhaps all the same. */
export function mayBeDone(error: unknown): error is CliError {
  return isUnreachable(error) && !(error instanceof NotSent);
}

/** The text and the exit code of whatever ended the program. */
export function describeError(error: unknown): {
  text: string;
  exitCode: number;
} {
  const { text, exitCode } = describe(error);
  return { text: withoutKeys(text), exitCode };
}

/** What follows the bar is the secret: `prod:name|secret`, `self-hosted|secret`. */
const KEY = /[\w:.-]+\|[\w+/=-]{8,}/g;

/** An error may quote a key that was pasted where a file or a URL belongs. */
function withoutKeys(text: string): string {
  return text.replace(KEY, "[admin key]");
}

function describe(error: unknown): { text: string; exitCode: number } {
  if (error instanceof CliError) {
    // What the operator wanted is no error.
    const label = error.code === "cancelled" ? "" : "error: ";
    return { text: `${label}${error.message}`, exitCode: error.exitCode };
  }
  if (isCommanderError(error)) {
    // `--help` and `--version` end in an error as well; they have printed what they are for.
    if (error.exitCode === 0) return { text: "", exitCode: 0 };
    const text =
      error.code === "commander.help"
        ? ""
        : `${error.message}\nAdd --help to see how the command is used.`;
    return { text, exitCode: EXIT_CODES.usage };
  }
  if (isSystemError(error)) {
    return {
      text: `error: ${error.message}${ADVICE[error.code] ?? ""}`,
      exitCode: EXIT_CODES.failure,
    };
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : "";
  return {
    text: `error: unexpected failure, please report it.\n${detail || String(error)}`,
    exitCode: EXIT_CODES.failure,
  };
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What to do about what the operating system refuses most. */
const ADVICE: Record<string, string> = {
  ENOSPC: ". Make room, or name a file on another disk.",
  EFBIG: ". Name a file on a file system that takes larger ones.",
  EACCES: ". Name a file that may be read or written here.",
  EPERM: ". Name a file that may be read or written here.",
  EROFS: ". Name a file on a disk that can be written.",
  ENOENT: ". Name one in a folder that is there.",
  EISDIR: ". Name a file, not a folder.",
};

/** One of the operating system's, which says itself what it is about. */
function isSystemError(error: unknown): error is Error & { code: string } {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    "syscall" in error
  );
}

/** By shape and not by class: loading commander here would cost every module that throws. */
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
