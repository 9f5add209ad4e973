/**
 * Access to the page: for a browser that came by the one-time link, and keeps the cookie it got for it.
 * The admin key has no part in it.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

export type Exchange =
  | { kind: "accepted"; cookie: string }
  /** The browser had been let in before, with this very link or another. */
  | { kind: "known" }
  /** The link was used a second time: the browser that came first is shut out, and a new link is needed. */
  | { kind: "reused" }
  | { kind: "refused" };

export class Access {
  /**
   * The page's path, which only the link tells. A browser sends cookies to every port of a host, but
   * not to other paths, so no other server on this machine gets to see ours.
   */
  readonly path = `/${randomSecret(12)}/`;
  #token = randomSecret(32);
  #spentToken: string | null = null;
  #session: string | null = null;

  /** The path of the link, valid once. */
  get linkPath(): string {
    return `${this.path}?token=${this.#token}`;
  }

  /** Takes the token of a link for a cookie. */
  exchange(token: string, request: IncomingMessage): Exchange {
    if (this.isKnown(request)) return { kind: "known" };
    if (this.#spentToken !== null && isSame(token, this.#spentToken)) {
      this.#session = null;
      this.#spentToken = null;
      this.#token = randomSecret(32);
      return { kind: "reused" };
    }
    if (this.#spentToken !== null || !isSame(token, this.#token)) {
      return { kind: "refused" };
    }
    this.#spentToken = this.#token;
    this.#session = randomSecret(32);
    return {
      kind: "accepted",
      cookie: `${COOKIE}=${this.#session}; Path=${this.path}; HttpOnly; SameSite=Strict`,
    };
  }

  /** Whether the request carries the page's cookie. */
  isKnown({ headers }: IncomingMessage): boolean {
    const session = this.#session;
    if (session === null) return false;
    return (headers.cookie ?? "")
      .split(";")
      .map((pair) => pair.trim().split("="))
      .some(([name, value = ""]) => name === COOKIE && isSame(value, session));
  }
}

/**
 * The reason why a request does not come from the page itself, or `null` where it may. DNS rebinding
 * gets the host wrong, another site in the same browser the origin.
 */
export function foreignness(
  { headers, socket }: IncomingMessage,
  isLink: boolean,
): string | null {
  const port = socket.localPort ?? 0;
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  const { host = "", origin, "sec-fetch-site": site = "none" } = headers;
  if (!hosts.includes(host)) return `the host ${JSON.stringify(host)}`;
  if (origin !== undefined && origin !== `http://${host}`) {
    return `the origin ${JSON.stringify(origin)}`;
  }
  // A link may be followed from anywhere, such as a terminal in a browser.
  const isOwn = site === "same-origin" || site === "none";
  return isOwn || isLink ? null : "another site";
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const COOKIE = "sessions-ops-dashboard";

function randomSecret(bytes: number): string {
  return randomBytes(bytes).toString("base64url");
}

/** Whether the two are equal. Both are hashed, so that the time it takes says nothing about either. */
function isSame(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
