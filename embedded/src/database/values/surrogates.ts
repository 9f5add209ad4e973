/**
 * Whether a text made by `JSON.stringify` has half of a character that is two UTF-16 units, of which
 * there is no UTF-8: such halves alone are written as escapes.
 */
export function hasLoneSurrogate(json: string): boolean {
  return json.includes("\\ud") && ESCAPED_SURROGATE.test(json);
}

/** An escape itself, not an escaped backslash before a "u". */
const ESCAPED_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f][0-9a-f]{2}/;
