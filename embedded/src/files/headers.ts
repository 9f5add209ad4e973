/** What headers say of a file, in the one spelling that is stored. */

/** RFC 9110, 5.6.2. */
const TOKEN = /[\w!#$%&'*+.^`|~-]+/.source;
const CONTENT_TYPE = new RegExp(
  `^${TOKEN}/${TOKEN}(?:[ \\t]*;[ \\t]*${TOKEN}=(?:${TOKEN}|"(?:[^"\\\\\\x00-\\x1f\\x7f]|\\\\[\\t\\x20-\\x7e])*"))*[ \\t]*;?$`,
);
const MAX_CONTENT_TYPE_LENGTH = 1_024;

/**
 * The content type with its names in lower case, as Convex keeps it, and the charset too; undefined
 * where the text is none.
 */
export function parseContentType(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed.length > MAX_CONTENT_TYPE_LENGTH || !CONTENT_TYPE.test(trimmed)) {
    return undefined;
  }
  const [essence = "", ...parameters] = splitParameters(trimmed);
  return [
    essence.toLowerCase(),
    ...parameters.map((parameter) => {
      const [name = "", value = ""] = splitOnce(parameter, "=");
      const lowered = name.toLowerCase();
      return `${lowered}=${lowered.trim() === "charset" ? value.toLowerCase() : value}`;
    }),
  ].join(";");
}

/** The SHA-256, in base64, of a `Digest: sha-256=…` header; undefined where it has none. */
export function parseDigest(header: string): string | undefined {
  const [, text] = /^sha-256=([A-Za-z0-9+/]{43}=)$/.exec(header.trim()) ?? [];
  // Only the canonical spelling of the last character is the digest's own.
  return text !== undefined &&
    Buffer.from(text, "base64").toString("base64") === text
    ? text
    : undefined;
}

/** Parts between semicolons that are in no quotes. */
function splitParameters(text: string): string[] {
  return (text.match(/(?:[^;"]|"(?:[^"\\]|\\.)*")+/g) ?? []).filter(
    (part) => part.trim() !== "",
  );
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + 1)];
}
