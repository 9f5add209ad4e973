/**
 * The addresses of webhooks. Whoever knows one may be able to post in somebody's name, so that no more of it is
 * shown than its host and the beginning of its path.
 */

/** The longest address, in characters. */
const MAX_LENGTH = 2_000;

/**
 * Reads an address: HTTPS, or HTTP to this very machine, as nothing else keeps what is sent to itself.
 * @returns the address without a fragment; or what is wrong with it, in a sentence that does not have it
 */
export function readUrl(text: string): { url: string } | { fault: string } {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.hostname === "") {
    return {
      fault:
        "The address is no URL: give one such as https://example.com/hook.",
    };
  }
  if (text.length > MAX_LENGTH) {
    return { fault: `The address is longer than ${MAX_LENGTH} characters.` };
  }
  const isSafe =
    url.protocol === "https:" ||
    (url.protocol === "http:" && isLoopback(url.hostname));
  if (!isSafe) {
    return {
      fault: `The address of ${url.hostname} begins with ${url.protocol}//: it has to be https://, or http:// to localhost or another loopback address.`,
    };
  }
  url.hash = "";
  return { url: url.href };
}

/** Whether a host is the machine itself, by name or by address. */
function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname)
  );
}

/**
 * An address as it may be shown: `https://hooks.slack.com/services/…`. The last part of a path is never shown, and
 * one before it only where it is the first, and a word.
 */
export function shownUrl(address: string): string {
  const url = new URL(address);
  const { origin, pathname, search } = url;
  if (pathname === "/" && search === "") return `${origin}/`;
  return `${origin}/${firstWord(url)}…`;
}

/** The text without what `shownUrl` does not show: endpoints, and errors, may quote the address. */
export function withoutAddress(text: string, address: string): string {
  let rest = text;
  for (const part of hiddenParts(new URL(address))) {
    rest = rest.replaceAll(part, "…");
  }
  return rest;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The first part of a path of several, where it is a word: `services/`; else nothing. */
function firstWord({ pathname }: URL): string {
  const [, word = ""] = /^\/([a-z][a-z-]{0,15})\/./.exec(pathname) ?? [];
  return word === "" ? "" : `${word}/`;
}

/** A shorter part of an address may be a word of the text. */
const LEAST_SECRET = 8;

/** What is hidden of an address, the longest parts first. */
function hiddenParts(url: URL): string[] {
  const { href, pathname, search, username, password, searchParams } = url;
  const bare = new URL(href);
  bare.username = "";
  bare.password = "";
  const whole = [href, bare.href, `${pathname}${search}`, search, pathname];
  const segments = pathname.slice(1 + firstWord(url).length).split("/");
  const parts = [username, password, ...segments, ...searchParams.values()];
  const found = [
    ...whole.filter((part) => part.length > 1),
    ...parts.filter((part) => part.length >= LEAST_SECRET),
  ];
  return [...new Set([...found, ...found.map(decoded)])].sort(
    (a, b) => b.length - a.length,
  );
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A per cent sign that encodes nothing stands for itself.
    return part;
  }
}
