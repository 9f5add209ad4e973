import { getFunctionName, type FunctionReference } from "convex/server";
import type { SessionFunctions } from "./options.js";
import { pause, type Page } from "./page.js";

/** What the engine needs of a ConvexReactClient. */
export interface SessionClient {
  readonly url: string;
  connectionState(): { isWebSocketConnected: boolean };
  subscribeToConnectionState(callback: () => void): () => void;
}

export type MutationName = Exclude<keyof SessionFunctions, "getActiveSessions">;

/**
 * How a call ended. `refused` is what the function answered, `failed` what it threw, or the
 * deployment, that would not call it; after `unreachable` the call is worth making again.
 */
export interface Outcome {
  kind: "done" | "refused" | "failed" | "unreachable";
  message: string;
  retryAfterMs?: number | undefined;
}

const TIMEOUT_MS = 30_000;

/**
 * Characters of a request that is kept alive, and of all that a page sends when it goes. Browsers refuse
 * over 64 KiB for all that it has open, and a character has up to 3 bytes.
 */
export const KEEPALIVE_LENGTH = 10_000;

/**
 * Calls the app's mutations by HTTP. The client's own socket is not used: what is in flight on it
 * raises "Leave site?", and what is sent while it is down waits in the client and goes out in a burst.
 */
export async function call(
  page: Page,
  url: string,
  functions: Partial<SessionFunctions> | undefined,
  name: MutationName,
  args: Record<string, unknown>,
): Promise<Outcome> {
  try {
    const body = JSON.stringify({
      path: getFunctionName(
        functions?.[name] ??
          (`sessions:${name}` as unknown as FunctionReference<"mutation">),
      ),
      args: [args],
    });
    const answered = page
      .fetch(`${url}/api/mutation`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body,
        keepalive: body.length < KEEPALIVE_LENGTH,
        // Older browsers have no such signal.
        signal: page.AbortSignal.timeout?.(TIMEOUT_MS),
      })
      .then(understand);
    // Nor does every `fetch` heed it that an app has put in the browser's place.
    const late = pause(page, TIMEOUT_MS).then(() => {
      throw Error("No answer");
    });
    return await Promise.race([answered, late]);
  } catch (error) {
    // A page that goes hears of it, though the call is made; it does not live to see another task.
    await pause(page);
    return { kind: "unreachable", message: String(error) };
  }
}

async function understand(response: Response): Promise<Outcome> {
  const { status, value, errorMessage, message } =
    (await response.json()) as Answer;
  return {
    // Below 420 the deployment did not take it for a call; over that it may, later.
    kind:
      status === "success"
        ? value?.ok === false
          ? "refused"
          : "done"
        : status === "error" || response.status < 420
          ? "failed"
          : "unreachable",
    message: `${value?.reason ?? errorMessage ?? message}`,
    retryAfterMs: value?.retryAfterMs,
  };
}

interface Answer {
  status?: string;
  value?: { ok?: boolean; reason?: string; retryAfterMs?: number } | null;
  errorMessage?: string;
  message?: string;
}
