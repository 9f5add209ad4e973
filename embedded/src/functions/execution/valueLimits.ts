import type { JSONValue } from "convex/values";
import { EmbeddedError } from "../../errors.js";
import { measureValue } from "../../database/values/documentSize.js";

/**
 * Why a value is none that Convex passes between functions: too many elements or fields, or too
 * many levels. Null when it is one.
 */
export function valueProblem(value: JSONValue): string | null {
  try {
    measureValue(value);
    return null;
  } catch (error) {
    if (!(error instanceof EmbeddedError)) throw error;
    return error.message;
  }
}

/** As {@link valueProblem}, of a value's JSON text, which is parsed only when it is a suspect. */
export function textProblem(text: string): string | null {
  return isWithinLimits(text)
    ? null
    : valueProblem(JSON.parse(text) as JSONValue);
}

const MAX_NESTING = 64;
const MAX_ELEMENTS = 8_192;
const MAX_FIELDS = 1_024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPENS_ARRAY = 0x5b;
const CLOSES_ARRAY = 0x5d;
const OPENS_OBJECT = 0x7b;
const CLOSES_OBJECT = 0x7d;

/**
 * Whether no value of a JSON text can be beyond a limit. It looks at brackets and commas alone, which
 * is a fraction of what parsing costs.
 */
function isWithinLimits(text: string): boolean {
  // The shortest text beyond a limit is that of 65 arrays in each other.
  if (text.length <= 2 * MAX_NESTING) return true;
  /** How many more items each of the arrays and objects may have that are open. */
  const left: number[] = [];
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i = endOfString(text, i);
        break;
      case OPENS_ARRAY:
        if (left.push(MAX_ELEMENTS) > MAX_NESTING) return false;
        break;
      case OPENS_OBJECT:
        if (left.push(MAX_FIELDS) > MAX_NESTING) return false;
        break;
      case CLOSES_ARRAY:
      case CLOSES_OBJECT:
        left.pop();
        break;
      case COMMA:
        if (--left[left.length - 1]! === 0) return false;
        break;
      default:
        break;
    }
  }
  return true;
}

function endOfString(text: string, start: number): number {
  for (
    let end = text.indexOf('"', start + 1);
    ;
    end = text.indexOf('"', end + 1)
  ) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (end === -1 || backslashes % 2 === 0)
      return end === -1 ? text.length : end;
  }
}
