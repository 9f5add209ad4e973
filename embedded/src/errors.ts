import type { JSONValue } from "convex/values";

/** Codes of the errors that an embedded deployment throws. */
export type EmbeddedErrorCode =
  /** Another process has the directory of the data. */
  | "dataDirInUse"
  /** Somebody else listens on the port. */
  | "portInUse"
  /** The directory lacks a file, or could not be read or written. */
  | "storageFailed"
  /** The deployment has been closed. */
  | "storageClosed"
  | "fileNotStored"
  | "transactionClosed"
  | "readOnlyTransaction"
  | "schemaViolation"
  | "schemaInvalid"
  | "invalidArgument"
  | "invalidValue"
  | "invalidQuery"
  | "limitExceeded"
  | "argumentValidation"
  | "returnsValidation"
  | "notFound"
  | "notAuthorized"
  | "badRequest"
  | "functionFailed"
  | "invalidPush"
  | "unsupported"
  | "internal";

/** Whether nothing can be stored any more: the disk refused a write, or the store is closed. */
export function isStoreGone(error: unknown): error is EmbeddedError {
  return (
    error instanceof EmbeddedError &&
    (error.code === "storageClosed" || error.code === "storageFailed")
  );
}

/** Base class of every error the embedded deployment throws on purpose. */
export class EmbeddedError extends Error {
  /** `EmbeddedError`, or the name of the class that extends it. */
  override readonly name: string = "EmbeddedError";
  /** For programs. */
  readonly code: EmbeddedErrorCode;
  /** Data of the ConvexError that Convex itself would throw, as Convex JSON; else absent. */
  readonly data?: JSONValue;

  /** @internal */
  constructor(
    code: EmbeddedErrorCode,
    message: string,
    options: { cause?: unknown; data?: JSONValue } = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    if (options.data !== undefined) {
      this.data = options.data;
    }
  }
}
