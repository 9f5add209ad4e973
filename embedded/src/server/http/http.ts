import { EmbeddedError, type EmbeddedErrorCode } from "../../errors.js";

/**
 * A request as the routes see it. Small on purpose: building a web `Request`
 * for every call costs more than running a short mutation.
 */
export interface ApiRequest {
  readonly method: string;
  /** Path, still percent-encoded, without the query string. */
  readonly path: string;
  /** Query string without `?`; empty when there is none. */
  readonly query: string;
  /**
   * The address that the connection comes from; `null` for a call in the same process. Headers in which proxies
   * name another are not believed, since anybody can send them.
   */
  readonly ip: string | null;
  /**
   * Value of a header.
   * @param name lower case
   */
  header(name: string): string | undefined;
  /** All headers as they were sent, repeated ones included. */
  headers(): Iterable<[name: string, value: string]>;
  /** The whole body as sent; throws {@link HttpError} 413 past `limitBytes`. */
  readBody(limitBytes: number): Promise<Buffer>;
  /**
   * The body piece by piece, as fast as it is taken; throws {@link HttpError} where the client goes
   * away before its end.
   */
  bodyChunks(): AsyncIterable<Uint8Array>;
  /** Runs `listener` when the client goes away before the answer. */
  onDisconnect(listener: () => void): void;
}

/** A route's answer; `node.ts` and `fetch` turn it into bytes. */
export interface ApiResponse {
  status: number;
  /** The body; HTTP actions and files stream. */
  body: string | ReadableStream<Uint8Array>;
  headers: Record<string, string | string[]>;
}

/** Answers one request; every failure it expects is already a response. */
export type ApiHandler = (request: ApiRequest) => Promise<ApiResponse>;

/** Methods of the API's paths, beside OPTIONS. */
export type Method = "GET" | "POST";

/** Handlers by path and method. */
export type Routes = Record<string, Partial<Record<Method, ApiHandler>>>;

/** A refusal with its HTTP status; `wireCode` and the message go to the client. */
export class HttpError extends EmbeddedError {
  readonly status: number;
  readonly wireCode: string;

  constructor(
    status: number,
    wireCode: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(codeForStatus(status), message, options);
    this.status = status;
    this.wireCode = wireCode;
  }
}

/** A JSON answer; `value` undefined sends an empty body. */
export function jsonResponse(value: unknown, status = 200): ApiResponse {
  return rawJsonResponse(
    value === undefined ? "" : JSON.stringify(value),
    status,
  );
}

/** A JSON answer from text that is JSON already. */
export function rawJsonResponse(body: string, status = 200): ApiResponse {
  return { status, body, headers: { "content-type": "application/json" } };
}

/** A plain text answer. */
export function textResponse(body: string, status = 200): ApiResponse {
  return {
    status,
    body,
    headers: { "content-type": "text/plain; charset=utf-8" },
  };
}

/** The `{code, message}` answer that Convex clients expect of every refusal. */
export function errorResponse(error: HttpError): ApiResponse {
  return jsonResponse(
    { code: error.wireCode, message: error.message },
    error.status,
  );
}

/** A 400 refusal. */
export function badRequest(wireCode: string, message: string): HttpError {
  return new HttpError(400, wireCode, message);
}

/**
 * The request, if its method is one of `allowed`.
 * @throws HttpError 405
 */
export function requireMethod(
  request: ApiRequest,
  allowed: readonly string[],
): ApiRequest {
  if (allowed.includes(request.method)) return request;
  throw new HttpError(
    405,
    "MethodNotAllowed",
    `${request.path} does not take ${request.method}; use ${allowed.join(" or ")}.`,
  );
}

/** The refusal of a request that ended before it was complete. */
export function requestAborted(cause: unknown): HttpError {
  return new HttpError(
    400,
    "RequestAborted",
    "The client went away before its request was complete.",
    { cause },
  );
}

function codeForStatus(status: number): EmbeddedErrorCode {
  switch (status) {
    case 401:
    case 403:
      return "notAuthorized";
    case 404:
      return "notFound";
    case 413:
      return "limitExceeded";
    case 500:
      return "internal";
    default:
      return "badRequest";
  }
}
