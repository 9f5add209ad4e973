import type { JSONValue } from "convex/values";
import { EmbeddedError } from "../errors.js";

/** A function failed: the text its caller sees, and the data if it threw a ConvexError. */
export class FunctionFailure extends EmbeddedError {
  /** @param cause - what user code threw, if it did */
  constructor(message: string, data?: JSONValue, cause?: unknown) {
    super("functionFailed", message, {
      cause,
      ...(data === undefined ? {} : { data }),
    });
  }
}

/** How a syscall that failed crosses into a context; `data` is JSON text. */
export class SyscallFailure {
  constructor(
    readonly message: string,
    readonly data?: string,
  ) {}
}

/** Whether an error is the deployment's own trouble, not something a function did. */
export function isFatal(error: unknown): boolean {
  if (!(error instanceof EmbeddedError)) {
    return true;
  }
  switch (error.code) {
    case "internal":
    case "storageFailed":
    case "storageClosed":
    case "transactionClosed":
      return true;
    default:
      return false;
  }
}
