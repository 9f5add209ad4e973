/**
 * Requests over Node's own HTTP. The global `fetch` does the same and costs a command a third of a
 * second: it compiles its parser when it is first used, and the process cannot end before that is
 * done.
 */
import type { IncomingMessage, RequestOptions } from "node:http";

/** The part of `fetch` that a command needs; the global one fits. */
export type Fetch = (url: string, init?: FetchInit) => Promise<Answer>;

export interface FetchInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** The part of a `Response` that `ConvexHttpClient` reads. */
export interface Answer {
  readonly ok: boolean;
  readonly status: number;
  text(): Promise<string>;
  json(): Promise<unknown>;
}

/** Fetches without following redirects: a deployment's requests are never sent to another address. */
export async function httpFetch(
  url: string,
  init: FetchInit = {},
): Promise<Answer> {
  const response = await send(new URL(url), init);
  return toAnswer(response.statusCode ?? 0, await textOf(response));
}

export function toAnswer(status: number, body: string): Answer {
  return {
    ok: status >= 200 && status < 300,
    status,
    text: () => Promise.resolve(body),
    json: () => new Promise((resolve) => resolve(JSON.parse(body) as unknown)),
  };
}

async function send(
  url: URL,
  { method = "GET", headers = {}, body = "", signal }: FetchInit,
): Promise<IncomingMessage> {
  const { request } =
    url.protocol === "https:"
      ? await import("node:https")
      : await import("node:http");
  const options: RequestOptions = {
    method,
    headers: {
      ...headers,
      "accept-encoding": "gzip",
      "content-length": Buffer.byteLength(body),
    },
    ...(signal === undefined ? {} : { signal }),
  };
  return await new Promise((resolve, reject) => {
    request(url, options, resolve).on("error", reject).end(body);
  });
}

/** Reads the body. @throws also where the connection ends before the body does */
async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  if (response.headers["content-encoding"] !== "gzip") return bytes.toString();
  const { gunzip } = await import("node:zlib");
  const plain = await new Promise<Buffer>((resolve, reject) => {
    gunzip(bytes, (error, text) => (error ? reject(error) : resolve(text)));
  });
  return plain.toString();
}
