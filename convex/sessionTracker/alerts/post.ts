/** One request to an endpoint, and what it came to. */
import { MINUTE_MS } from "../shared/times.js";
import { shownUrl, withoutAddress } from "../shared/webhooks/urls.js";
import type { Attempt } from "../shared/webhooks/webhook.js";
import type { Request } from "./request.js";
import { readRetryAfter } from "./retries.js";

/** An endpoint has to answer within this time. */
const TIMEOUT_MS = MINUTE_MS / 3;
/** So much of an answer is kept. */
const MAX_BODY_BYTES = 500;

type Outcome = Attempt & { retryAfterMs?: number };

/** Makes the request. It follows no redirect, and throws nothing: what goes wrong is part of the outcome. */
export async function post(
  { url, ...init }: Request,
  timeoutMs = TIMEOUT_MS,
): Promise<Outcome> {
  const at = Date.now();
  const ended = () => ({ at, durationMs: Date.now() - at });
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  try {
    const response = await fetch(url, {
      ...init,
      redirect: "manual",
      signal: late.signal,
    });
    const body = withoutAddress(await beginningOf(response), url);
    const { status, headers } = response;
    const retryAfterMs = readRetryAfter(headers.get("retry-after"), Date.now());
    return {
      ...ended(),
      status,
      ...redirectOf(response, url),
      ...(body === "" ? {} : { body }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  } catch (error) {
    const message = late.signal.aborted
      ? `No answer within ${timeoutMs / 1_000} seconds.`
      : withoutAddress(textOf(error), url).slice(0, 300);
    return { ...ended(), error: message };
  } finally {
    clearTimeout(timer);
  }
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The beginning of an answer's body, as text. What the endpoint does after its status is no failure any more. */
async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    while (bytes < MAX_BODY_BYTES) {
      const { done, value } = await reader.read();
      if (done) return text;
      const part = (value as Uint8Array).subarray(0, MAX_BODY_BYTES - bytes);
      bytes += part.length;
      text += decoder.decode(part, { stream: true });
    }
    await reader.cancel();
  } catch (error) {
    text += ` (${textOf(error)})`;
  }
  return text;
}

function redirectOf({ status, headers }: Response, url: string) {
  if (status < 300 || status > 399) return {};
  const location = headers.get("location");
  const target =
    location !== null && URL.canParse(location, url)
      ? shownUrl(new URL(location, url).href)
      : "elsewhere";
  return {
    error: `It redirects to ${target}, and no redirect is followed: add the address that it leads to.`,
  };
}

/** The message of an error with that of its cause: Node says what is wrong with a connection only there. */
function textOf(error: unknown): string {
  const message = messageOf(error);
  if (message === undefined) return String(error);
  const cause = messageOf((error as { cause?: unknown }).cause);
  return cause === undefined ? message : `${message}: ${cause}`;
}

/** The message of an error, of whatever realm: a deployment may hand in those of its own. */
function messageOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { message } = error as { message?: unknown };
  return typeof message === "string" && message !== "" ? message : undefined;
}
