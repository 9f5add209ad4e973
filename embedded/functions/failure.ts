import type { JSONValue } from "convex/values";
import { EmbeddedError } from "../errors.js";

/** A function failed: the text its caller sees, and the data if it threw a ConvexError. */
export class FunctionFailure extends EmbeddedError {
  constructor(message: string, data?: JSONValue) {
    super("functionFailed", message, data === undefined ? {} : { data });
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
