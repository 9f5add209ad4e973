import { printable } from "./printable.js";
import { wrap } from "./wrap.js";

const INDENT = 2;

/** A table that is too wide, as lines: the first line of each names it, the others are set in. */
export function entries(all: string[][], width: number): string {
  return all
    .flatMap(([first = "", ...rest]) => [
      wrap(printable(first), width, INDENT),
      ...rest.map((line) =>
        wrap(" ".repeat(INDENT) + printable(line), width, INDENT),
      ),
    ])
    .join("\n");
}
