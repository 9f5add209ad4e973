/** A route of the app's `http.ts` at which scrapers find the metrics. */
import { httpActionGeneric, type HttpRouter } from "convex/server";
import type { ComponentApi } from "../convex/sessionTracker/_generated/component.js";
import { CONTENT_TYPE } from "../convex/sessionTracker/shared/metrics/openMetrics.js";
import { SessionTracker } from "./tracker.js";

/** Where the metrics are, and who may read them. */
export interface MetricsOptions {
  /** Begins with "/". @default "/metrics" */
  path?: string;
  /**
   * What scrapers send as `authorization: Bearer TOKEN`, at least 16 characters; from an environment variable of the
   * deployment. Where it is `undefined`, as before the variable is set, everybody is refused.
   */
  token: string | undefined;
}

/**
 * Adds a route that answers scrapers, such as Prometheus, with the metrics of the component as OpenMetrics text; 401
 * without the token. A scrape reads a few dozen documents whatever the number of sessions, and those that are due, up to
 * 1,000 of each kind of run; Convex answers from its cache within a minute in which nothing has changed.
 * @param http the app's router
 * @param component as the app has mounted it: `components.sessionTracker`
 * @param options where they are, and the token
 * @throws Error for a token of less than 16 characters, or with others than a header may have
 *
 * @example
 * ```ts
 * // convex/http.ts
 * import { httpRouter } from "convex/server";
 * import { registerMetrics } from "sessions-ops";
 * import { components } from "./_generated/api.js";
 *
 * const http = httpRouter();
 * registerMetrics(http, components.sessionTracker, {
 *   path: "/metrics",
 *   token: process.env["METRICS_TOKEN"],
 * });
 * export default http;
 * ```
 */
export function registerMetrics(
  http: HttpRouter,
  component: ComponentApi,
  { path = "/metrics", token }: MetricsOptions,
): void {
  if (token !== undefined) checkToken(token);
  const sessions = new SessionTracker(component);
  const handler = httpActionGeneric(async (ctx, request) => {
    if (token === undefined) {
      return refused("This deployment has no token for metrics yet.");
    }
    if (!(await isPermitted(request, token))) {
      return refused("Send the token as `authorization: Bearer TOKEN`.");
    }
    return new Response(await sessions.metrics(ctx), {
      headers: { "content-type": CONTENT_TYPE, "cache-control": "no-store" },
    });
  });
  http.route({ path, method: "GET", handler });
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const MIN_TOKEN = 16;

function checkToken(token: string): void {
  if (token.length < MIN_TOKEN) {
    throw new Error(
      `The token of registerMetrics must have at least ${MIN_TOKEN} characters, this one has ${token.length}. Make one with \`openssl rand -hex 32\`.`,
    );
  }
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new Error(
      "The token of registerMetrics may only have visible ASCII characters, without spaces: a header takes no others.",
    );
  }
}

function refused(message: string): Response {
  return new Response(`${message}\n`, {
    status: 401,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "www-authenticate": "Bearer",
    },
  });
}

async function isPermitted(request: Request, token: string): Promise<boolean> {
  const header = request.headers.get("authorization") ?? "";
  const [, given = ""] = /^bearer +(\S+) *$/i.exec(header) ?? [];
  return areEqual(await digest(given), await digest(token));
}

/** Compares digests, which have one length, in a time that says nothing of where they differ. */
function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (const [i, byte] of a.entries()) difference |= byte ^ (b[i] ?? 0);
  return difference === 0;
}

async function digest(text: string): Promise<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
