import { anyApi, getFunctionName } from "convex/server";
import type { SessionFunctions } from "./options.js";
import type { Page } from "./page.js";

/** What the engine needs of a ConvexReactClient or a ConvexClient. */
export interface SessionClient {
  readonly url?: string;
  /** A ConvexClient keeps its URL here. */
  readonly client?: { readonly url: string };
  connectionState(): { isWebSocketConnected: boolean };
  subscribeToConnectionState(
    callback: (state: { isWebSocketConnected: boolean }) => void,
  ): () => void;
}

/** How a call ended. After `unreachable` it is worth trying again. */
export type Outcome =
  | { kind: "done" }
  | { kind: "refused"; message: string; retryAfterMs: number | undefined }
  | { kind: "failed"; message: string }
  | { kind: "unreachable"; message: string };

export type MutationName = Exclude<keyof SessionFunctions, "getActiveSessions">;

/** Larger requests are not kept alive: browsers refuse over 64 KiB for a page's all. */
export const KEEPALIVE_BYTES = 60_000;

const TIMEOUT_MS = 30_000;

/**
 * Calls the app's mutations by HTTP. The client's own socket is not used: what is in flight on it
 * raises "Leave site?", what is sent while it is down waits in the client and goes out in a burst.
 */
export async function call(
  page: Page,
  url: string,
  functions: Partial<SessionFunctions>,
  name: MutationName,
  args: Record<string, unknown>,
): Promise<Outcome> {
  const abort = new page.AbortController();
  const timer = page.setTimeout(() => abort.abort(), TIMEOUT_MS);
  try {
    const path = getFunctionName(functions[name] ?? anyApi.sessions![name]!);
    const body = JSON.stringify({
      path,
      format: "convex_encoded_json",
      args: [args],
    });
    const response = await page.fetch(`${url}/api/mutation`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
      keepalive: body.length < KEEPALIVE_BYTES,
      signal: abort.signal,
    });
    return outcomeOf((await response.json()) as Answer, name);
  } catch (error) {
    return { kind: "unreachable", message: `${name}: ${String(error)}` };
  } finally {
    page.clearTimeout(timer);
  }
}

interface Answer {
  status?: string;
  value?: { ok?: boolean; reason?: string; retryAfterMs?: number } | null;
  errorMessage?: string;
}

function outcomeOf(answer: Answer, name: string): Outcome {
  if (answer.status === "success") {
    const { value } = answer;
    if (value?.ok !== false) return { kind: "done" };
    const message = `${name} was refused: ${value.reason}`;
    return { kind: "refused", message, retryAfterMs: value.retryAfterMs };
  }
  // Only a function that ran and threw answers so; all else is about the server or the way to it.
  if (answer.status === "error") {
    return { kind: "failed", message: `${name}: ${answer.errorMessage}` };
  }
  return {
    kind: "unreachable",
    message: `${name}: ${JSON.stringify(answer)}`,
  };
}
