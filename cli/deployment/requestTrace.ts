/** What `--debug` prints: each request, its id, how long it took, and what came back. */
import { randomBytes } from "node:crypto";
import type { CliContext } from "../context.js";
import { note } from "../terminal/output.js";
import { oweRemark } from "../terminal/streams.js";
import { iso } from "../time/time.js";
import { networkReason } from "./failures.js";
import { toAnswer, type Fetch, type FetchInit } from "./http.js";

/** The header by which Convex takes over a caller's id of a request, and logs the function under it. */
const REQUEST_ID = "convex-request-id";

/**
 * The context, but for a `fetch` that says on stderr what it sends and what it gets: the function's name, not its
 * arguments, and no header.
 */
export function traced(context: CliContext): CliContext {
  const fetch: Fetch = async (url, init = {}) => {
    const requestId = randomBytes(8).toString("hex");
    const startedAt = context.now();
    const say = (outcome: string): void => {
      const what = `${init.method ?? "GET"} ${addressOf(url)}${functionIn(init)}`;
      const tookMs = context.now() - startedAt;
      note(
        context,
        `debug: ${iso(startedAt)} ${what}, request ${requestId}: ${outcome}, ${tookMs} ms`,
      );
    };
    const isOwed = oweRemark(context, () => say("no longer waited for"));
    const headers = { ...init.headers, [REQUEST_ID]: requestId };
    try {
      const answer = await context.fetch(url, { ...init, headers });
      const body = await answer.text();
      const bytes = Buffer.byteLength(body);
      if (isOwed()) say(`status ${answer.status}, ${bytes} bytes`);
      return toAnswer(answer.status, body);
    } catch (error) {
      if (isOwed()) say(`no answer (${networkReason(error)})`);
      throw error;
    }
  };
  return { ...context, fetch };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The URL without what may be a secret: a user's password, a query. */
function addressOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/** The function that the request calls, after a space; nothing where it calls none. */
function functionIn({ body = "" }: FetchInit): string {
  const path = /"path":"([\w/.]+:\w+)"/.exec(body)?.[1];
  return path === undefined ? "" : ` ${path}`;
}
