import {
  KEEPALIVE_LENGTH,
  LONGEST_WAIT_MS,
  MIN_GAP_MS,
  PROMPT_MS,
  TIMEOUT_MS,
} from "./limits.js";
import { getFunctionName, type FunctionReference } from "convex/server";
import type { SessionFunctions } from "./options.js";
import { pause } from "./page.js";

/** What the engine needs of a ConvexReactClient. */
export interface SessionClient {
  readonly url: string;
  connectionState(): { isWebSocketConnected: boolean };
  subscribeToConnectionState(callback: () => void): () => void;
}

export type MutationName = Exclude<
  keyof SessionFunctions,
  | "linkSession"
  | "unlinkSession"
  | "getOwnLink"
  | "getOwnVisit"
  | "getActiveSessions"
>;

/**
 * How a call ended. `refused` is what the function answered, `failed` what it threw, or the
 * deployment, that would not call it; after `unreachable` the call is worth making again.
 */
export interface Outcome {
  kind: "done" | "refused" | "failed" | "unreachable";
  message: string;
  retryAfterMs?: number | undefined;
  /** The visit under way after the call, as the deployment names it; not by functions of an app's own. */
  visitStartedAt?: number | undefined;
  /** `unchanged`: what was told of the visit was not written, since the last write is young. */
  state?: string | undefined;
}

/**
 * Calls the app's mutations by HTTP. The client's own socket is not used: what is in flight on it
 * raises "Leave site?", and what is sent while it is down waits in the client and goes out in a burst.
 */
export async function call(
  url: string,
  functions: Partial<SessionFunctions> | undefined,
  name: MutationName,
  args: Record<string, unknown>,
  quota: { isFull?: boolean },
): Promise<Outcome> {
  const start = performance.now();
  try {
    const body = JSON.stringify({
      path: getFunctionName(
        functions?.[name] ??
          (`sessions:${name}` as unknown as FunctionReference<"mutation">),
      ),
      args: [args],
    });
    const answered = fetch(`${url}/api/mutation`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
      keepalive: body.length < KEEPALIVE_LENGTH && !quota.isFull,
      // Older browsers have no such signal.
      signal: AbortSignal.timeout?.(TIMEOUT_MS),
    }).then(understand);
    // Nor does every `fetch` heed it that an app has put in the browser's place.
    const late = pause(TIMEOUT_MS).then(() => {
      throw Error("No answer");
    });
    return await Promise.race([answered, late]);
  } catch (error) {
    const isPrompt = performance.now() - start < PROMPT_MS;
    // A page that goes hears of it, though the call is made; it does not live to see another task.
    await pause();
    if (isPrompt && !quota.isFull) {
      quota.isFull = true;
      return call(url, functions, name, args, quota);
    }
    return { kind: "unreachable", message: String(error) };
  }
}

async function understand(response: Response): Promise<Outcome> {
  const { status, value, errorMessage, message } =
    (await response.json()) as Answer;
  return {
    // When to come again, the visit under way, and whether that was written.
    ...value,
    // Below 420 the deployment did not take it for a call; over that it may, later.
    kind:
      status === "success"
        ? value?.ok === false
          ? "refused"
          : "done"
        : status === "error" || response.status < 420
          ? "failed"
          : "unreachable",
    message: String(value?.reason ?? errorMessage ?? message),
  };
}

/**
 * How long to wait after calls that failed, one after the other: twice as long each time, and not all browsers the
 * same.
 * @param retryAfterMs what the app's function asks for, which may be anything
 */
export function backoffMs(
  failures: number,
  longestMs: number,
  retryAfterMs = 0,
): number {
  return Math.max(
    MIN_GAP_MS,
    Math.min(
      LONGEST_WAIT_MS,
      retryAfterMs > 0
        ? retryAfterMs
        : Math.min(longestMs, MIN_GAP_MS * 2 ** failures) *
            ((1 + Math.random()) / 2),
    ),
  );
}

interface Answer {
  status?: string;
  value?: {
    ok?: boolean;
    reason?: string;
    retryAfterMs?: number;
    visitStartedAt?: number;
    state?: string;
  } | null;
  errorMessage?: string;
  message?: string;
}
