import { bodyTooLarge } from "./body.js";
import type { ApiHandler, ApiRequest } from "./http.js";

/** The handler behind a web `fetch`, for callers in the same process. */
export function toFetch(
  handler: ApiHandler,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const { status, body, headers } = await handler(new WebRequest(request));
    const isEmpty = EMPTY_STATUSES.has(status);
    const response = new Response(isEmpty ? null : body, { status });
    for (const [name, values] of Object.entries(headers)) {
      for (const value of [values].flat()) response.headers.append(name, value);
    }
    return response;
  };
}

/** Statuses with which `Response` takes no body, not even an empty one. */
const EMPTY_STATUSES = new Set([204, 205, 304]);

class WebRequest implements ApiRequest {
  readonly #request: Request;
  readonly #url: URL;

  constructor(request: Request) {
    this.#request = request;
    this.#url = new URL(request.url);
  }

  get method(): string {
    return this.#request.method;
  }

  get path(): string {
    return this.#url.pathname;
  }

  get query(): string {
    return this.#url.search.slice(1);
  }

  get ip(): null {
    return null;
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined;
  }

  headers(): Iterable<[name: string, value: string]> {
    return this.#request.headers;
  }

  async readBody(limitBytes: number): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let received = 0;
    for await (const chunk of this.#request.body ?? []) {
      received += (chunk as Uint8Array).length;
      if (received > limitBytes) throw bodyTooLarge(limitBytes);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  async *bodyChunks(): AsyncIterable<Uint8Array> {
    if (this.#request.body !== null) yield* this.#request.body;
  }

  onDisconnect(listener: () => void): void {
    this.#request.signal.addEventListener("abort", listener);
  }
}
