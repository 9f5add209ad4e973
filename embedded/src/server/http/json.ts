/** Bounds for JSON text, so that parsing it never costs much more than sending it. */
export interface JsonBounds {
  readonly depth: number;
  readonly containers: number;
  readonly values: number;
}

/**
 * Bounds for calls and messages. Convex's own limits on values are narrower and are checked after
 * parsing, so that one bad value fails alone; but to parse 17 MiB of brackets takes seconds, and
 * gigabytes.
 */
export const CALL_BOUNDS: JsonBounds = {
  depth: 16_384,
  containers: 512 * 1_024,
  values: 2 * 1_024 * 1_024,
};

/** Bounds for a push, whose sender has shown the key: most of it is sources, in long strings. */
export const PUSH_BOUNDS: JsonBounds = {
  depth: 16_384,
  containers: 2 * 1_024 * 1_024,
  values: 8 * 1_024 * 1_024,
};

/**
 * `JSON.parse` for text within `bounds`.
 * @throws SyntaxError which says what is wrong
 */
export function parseJson(text: string, bounds: JsonBounds): unknown {
  checkBounds(text, bounds);
  return JSON.parse(text);
}

/** Whether a JSON text escapes half of a character that is two UTF-16 units, and not the other half. */
export function escapesLoneSurrogate(text: string): boolean {
  if (!/\\u[dD][89a-fA-F]/.test(text)) return false;
  let highEnd = -1;
  for (const escape of text.matchAll(/\\(?:u([0-9a-fA-F]{4})|[^u])/g)) {
    const unit = parseInt(escape[1] ?? "0", 16);
    const isLow = unit >= 0xdc00 && unit <= 0xdfff;
    const followsHigh = highEnd === escape.index;
    if (isLow !== followsHigh && (isLow || highEnd !== -1)) return true;
    highEnd =
      unit >= 0xd800 && unit <= 0xdbff ? escape.index + escape[0].length : -1;
  }
  return highEnd !== -1;
}

/** Codes of `"`, `,`, `[`, `]`, `{` and `}`. */
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

function checkBounds(text: string, bounds: JsonBounds): void {
  let depth = 0;
  let containers = 0;
  let values = 1;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case COMMA:
        values += 1;
        if (values > bounds.values) throw tooMuch(bounds.values, "values");
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        depth += 1;
        containers += 1;
        values += 1;
        if (depth > bounds.depth)
          throw new SyntaxError(
            `it is nested deeper than ${bounds.depth} levels`,
          );
        if (containers > bounds.containers)
          throw tooMuch(bounds.containers, "arrays and objects");
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        depth -= 1;
    }
  }
}

/** Index of the closing quote of the string that begins at `start`; the text's end without one. */
function endOfString(text: string, start: number): number {
  for (let at = start; ;) {
    at = text.indexOf('"', at + 1);
    if (at === -1) return text.length;
    let backslashes = 0;
    while (text[at - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
}

function tooMuch(limit: number, what: string): SyntaxError {
  return new SyntaxError(`it has more than ${limit} ${what}`);
}
