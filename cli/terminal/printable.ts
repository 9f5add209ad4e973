/**
 * Texts made safe for a terminal. Stored ones come from browsers, imported files, logs and whoever
 * else: none of them may move the cursor, recolour or hide the text beside, or turn its direction.
 */
import { inspect } from "node:util";

/**
 * Control characters, line ends other than ours, marks that turn the direction of text, half a
 * character.
 */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/gu;

/** Characters that nobody sees, so that two texts look like one: blanks without width, fillers, tags. */
const UNSEEN =
  /[\u00ad\u115f\u1160\u180e\u200b\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0\u{e0000}-\u{e007f}]/u;
const NOT_SHOWN = new RegExp(`${UNPRINTABLE.source}|${UNSEEN.source}`, "gu");

/** Makes a value safe that stands within a line. */
export function printable(value: string | number): string {
  return String(value).replace(NOT_SHOWN, "\ufffd");
}

/**
 * Makes a text of ours safe, of several lines and with the colours of `colors`, whatever values are in
 * it.
 */
export function printableText(text: string): string {
  return text.replace(OURS_OR_UNPRINTABLE, (found, code?: string) => {
    if (code !== undefined) return `\u001b[${code}m`;
    return found === "\n" || found === "\t" ? found : "\ufffd";
  });
}

/** The same JSON without any character that a terminal would act on. */
export function printableJson(json: string): string {
  return json.replace(UNPRINTABLE, (found) =>
    found === "\n"
      ? found
      : `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

// ── Colours ─────────────────────────────────────────────────────────────────

/**
 * The mark that tells our own colours from those in a text that somebody else wrote; nobody can guess
 * it.
 */
const MARK = String(Math.floor(Math.random() * 2 ** 47));
const OURS_OR_UNPRINTABLE = new RegExp(
  `\\u001b\\[(\\d+);${MARK}m|${UNPRINTABLE.source}`,
  "gu",
);

const NAMES = ["bold", "dim", "inverse", "red", "green", "yellow"] as const;
export type Colors = Record<(typeof NAMES)[number], (text: string) => string>;

/** Colours that only `printableText` makes real. */
export function colors(isColored: boolean): Colors {
  const entries = NAMES.map((name) => {
    const [open, close] = inspect.colors[name] ?? [0, 0];
    const color = (text: string) =>
      isColored ? `${sequence(open)}${text}${sequence(close)}` : text;
    return [name, color] as const;
  });
  return Object.fromEntries(entries) as Colors;
}

function sequence(code: number): string {
  return `\u001b[${code};${MARK}m`;
}
