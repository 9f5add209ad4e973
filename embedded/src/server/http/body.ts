import { promisify } from "node:util";
import {
  brotliDecompress,
  gunzip,
  inflate,
  type InputType,
  type ZlibOptions,
} from "node:zlib";
import { HttpError, badRequest, type ApiRequest } from "./http.js";
import {
  CALL_BOUNDS,
  PUSH_BOUNDS,
  escapesLoneSurrogate,
  parseJson,
  type JsonBounds,
} from "./json.js";

/** Size limits of a request body. */
export interface BodyLimits {
  readonly sentBytes: number;
  /** Limit for a compressed body once inflated; inflating stops there. */
  readonly inflatedBytes: number;
  readonly json: JsonBounds;
}

/**
 * Limits for a call, which anybody may send. Convex caps arguments at 16 MiB; the rest is room for
 * the envelope. No client compresses calls, so inflating gets no more room.
 */
const CALL_BODY: BodyLimits = {
  sentBytes: 17 * 1024 * 1024,
  inflatedBytes: 1024 * 1024,
  json: CALL_BOUNDS,
};

/** Limits for a push: sources and source maps of a whole app. */
export const PUSH_BODY: BodyLimits = {
  sentBytes: 200 * 1024 * 1024,
  inflatedBytes: 200 * 1024 * 1024,
  json: PUSH_BOUNDS,
};

/** Reads a JSON object from a body, inflating it when it is compressed. */
export async function readJsonObject(
  request: ApiRequest,
  { sentBytes, inflatedBytes, json }: BodyLimits = CALL_BODY,
): Promise<Record<string, unknown>> {
  const sent = await request.readBody(sentBytes);
  const encoding = request.header("content-encoding");
  const body =
    encoding === undefined ? sent : await decode(sent, encoding, inflatedBytes);
  return parseJsonObject(body.toString("utf8"), json);
}

/** Parses the text of a request body; anything but an object is refused. */
export function parseJsonObject(
  text: string,
  bounds = CALL_BOUNDS,
): Record<string, unknown> {
  if (text === "") {
    throw badRequest("BadJsonBody", "The request has no body; send JSON.");
  }
  let value: unknown;
  try {
    // Half a character cannot be stored. Pushes are left out: their sources are never values.
    if (bounds === CALL_BOUNDS && escapesLoneSurrogate(text)) {
      throw new SyntaxError("it has a lone surrogate in a hex escape");
    }
    value = parseJson(text, bounds);
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

/** The 413 refusal of a body over its cap. */
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
