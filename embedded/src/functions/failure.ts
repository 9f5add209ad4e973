import type { JSONValue } from "convex/values";
import { EmbeddedError } from "../errors.js";

/** Failure of a function: the text its caller sees, and the data if it threw a ConvexError. */
export class FunctionFailure extends EmbeddedError {
  /** @param cause - the value that user code threw, if it did */
  constructor(message: string, data?: JSONValue, cause?: unknown) {
    super("functionFailed", message, {
      cause,
      ...(data === undefined ? {} : { data }),
    });
  }
}

/** Failure of a syscall, in the form that crosses into a context; `data` is JSON text. */
export class SyscallFailure {
  constructor(
    readonly message: string,
    readonly data?: string,
  ) {}
}

/** Whether an error is the deployment's own trouble, not a fault of a function. */
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
