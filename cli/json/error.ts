import { CliError, EXIT_CODES, explain, type CliErrorCode } from "../errors.js";

/** The last line on stderr of a command that fails, with `--json` and `--jsonl`. */
export interface ErrorJson {
  /** What went wrong. */
  error: {
    /** The kind of the error. */
    code: CliErrorCode;
    /** The error in words: what happened, with which value, and what to do. */
    message: string;
    /** What to do; absent where the message says it. */
    hint?: string;
    /** The exit code of the program. */
    exitCode: number;
    /**
     * Whether the same command may be given again: it may work then, and does no more than once would
     * have.
     */
    retryable: boolean;
  };
}

/** @returns `null` where nothing went wrong */
export function toErrorJson(error: unknown): ErrorJson | null {
  const said = explain(error);
  if (said === null) return null;
  const { code, message, hint } = said;
  return {
    error: {
      code,
      message: message || "No command was given.",
      ...(hint === undefined ? {} : { hint }),
      exitCode: EXIT_CODES[code],
      retryable: error instanceof CliError && error.retryable,
    },
  };
}
