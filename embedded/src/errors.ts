import type { JSONValue } from "convex/values";

/** Every reason an embedded deployment refuses something, for programs. */
export type EmbeddedErrorCode =
  | "dataDirInUse"
  | "portInUse"
  | "storageFailed"
  | "storageClosed"
  | "transactionClosed"
  | "readOnlyTransaction"
  | "schemaViolation"
  | "schemaInvalid"
  | "schemaUnsupported"
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
  /** Present where Convex itself throws a ConvexError: its data, as Convex JSON. */
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
