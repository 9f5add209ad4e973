import type { JSONValue } from "convex/values";

/** Codes of the errors that an embedded deployment throws. */
export type EmbeddedErrorCode =
  | "dataDirInUse"
  | "portInUse"
  | "storageFailed"
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
  override readonly name: string = "EmbeddedError";
  readonly code: EmbeddedErrorCode;
  /** Data of the ConvexError that Convex itself would throw, as Convex JSON; else absent. */
  readonly data?: JSONValue;

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
