import { promisify } from "node:util";
import {
  brotliDecompress,
  gunzip,
  inflate,
  type InputType,
  type ZlibOptions,
} from "node:zlib";
import { HttpError, badRequest, type ApiRequest } from "./http.js";

/** Convex caps arguments at 16 MiB; the rest is room for the envelope. */
export const API_BODY_LIMIT_BYTES = 17 * 1024 * 1024;

/** Sources and source maps of a whole app, uncompressed. */
export const PUSH_BODY_LIMIT_BYTES = 200 * 1024 * 1024;

/**
 * Reads a JSON object from a body, inflating it when it is compressed.
 * `limitBytes` holds before and after inflating, and inflating stops there.
 */
export async function readJsonObject(
  request: ApiRequest,
  limitBytes = API_BODY_LIMIT_BYTES,
): Promise<Record<string, unknown>> {
  const sent = await request.readBody(limitBytes);
  const encoding = request.header("content-encoding");
  const body =
    encoding === undefined ? sent : await decode(sent, encoding, limitBytes);
  return parseJsonObject(body.toString("utf8"));
}

/** Parses the text of a request body; anything but an object is refused. */
export function parseJsonObject(text: string): Record<string, unknown> {
  if (text === "") {
    throw badRequest("BadJsonBody", "The request has no body; send JSON.");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new HttpError(
      400,
      "BadJsonBody",
      `The request body is not JSON: ${(cause as SyntaxError).message}`,
      { cause },
    );
  }
  if (!isJsonObject(value)) {
    throw badRequest(
      "BadJsonBody",
      `The request body must be a JSON object, not ${describeJson(value)}.`,
    );
  }
  return value;
}

/** The 413 of a body over its cap. */
export function bodyTooLarge(limitBytes: number): HttpError {
  return new HttpError(
    413,
    "RequestTooLarge",
    `The request body is larger than ${limitBytes} bytes.`,
  );
}

export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Names the type of a JSON value in an error text. */
export function describeJson(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

type Inflate = (input: InputType, options: ZlibOptions) => Promise<Buffer>;

const DECODERS = new Map<string, Inflate>([
  ["br", promisify(brotliDecompress)],
  ["gzip", promisify(gunzip)],
  ["deflate", promisify(inflate)],
  ["identity", (input) => Promise.resolve(input as Buffer)],
]);

async function decode(
  sent: Buffer,
  encoding: string,
  limitBytes: number,
): Promise<Buffer> {
  const decoder = DECODERS.get(encoding.trim().toLowerCase());
  if (decoder === undefined) {
    throw new HttpError(
      415,
      "UnsupportedContentEncoding",
      `Content-Encoding "${encoding}" is not supported; use br, gzip, deflate or none.`,
    );
  }
  try {
    return await decoder(sent, { maxOutputLength: limitBytes });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") {
      throw bodyTooLarge(limitBytes);
    }
    throw new HttpError(
      400,
      "BadContentEncoding",
      `The request body is not valid ${encoding}.`,
      { cause },
    );
  }
}
