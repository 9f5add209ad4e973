/** Lines that fit a terminal, measured as they are seen: colours take no room, some letters two columns. */
import stringWidth from "string-width";
import { broken } from "./words.js";

/** Whether no line of the text is wider than this. */
export function fits(text: string, width: number): boolean {
  return text.split("\n").every((line) => stringWidth(line) <= width);
}

/** The number of rows of a terminal that a line takes. */
export function rowsOf(line: string, width: number): number {
  return Math.max(1, Math.ceil(stringWidth(line) / width));
}

/**
 * Breaks a line between words. A word that is wider stays whole, so that it can be copied.
 * @param indent columns that the lines after the first are set in
 */
export function wrap(line: string, width: number, indent = 0): string {
  return broken(line, width, indent, stringWidth);
}

/**
 * The text, cut off with an ellipsis where it takes more columns than `most`, between characters as they are
 * seen. So is one that hides many in a few columns, as marks above a letter do.
 */
export function shortened(text: string, most: number): string {
  const longest = most * MARKS_A_COLUMN;
  if (text.length <= longest && stringWidth(text) <= most) return text;
  let kept = "";
  let columns = 1;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    columns += stringWidth(segment);
    if (columns > most || kept.length + segment.length > longest) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** A family of four takes two columns and eleven units of UTF-16. */
const MARKS_A_COLUMN = 6;
