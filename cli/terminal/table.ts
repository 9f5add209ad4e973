import Table from "cli-table3";
import { printable } from "./printable.js";
import { fits } from "./wrap.js";

/**
 * Formats columns under a head, without lines, so that they can be read and cut by other tools. Where
 * they do not fit, each row becomes a block of lines, so that nothing is cut off.
 * @param width columns of the terminal, if it is one
 */
export function formatTable(
  head: readonly string[],
  rows: ReadonlyArray<ReadonlyArray<string | number>>,
  width = Infinity,
): string {
  const lines = formatColumns(head, rows);
  return fits(lines, width) ? lines : formatBlocks(head, rows);
}

function formatBlocks(
  head: readonly string[],
  rows: ReadonlyArray<ReadonlyArray<string | number>>,
): string {
  const labelled = Math.max(...head.map((label) => label.length)) + 2;
  return rows
    .map((row) =>
      row
        .map((cell, i) => (head[i] ?? "").padEnd(labelled) + printable(cell))
        .join("\n"),
    )
    .join("\n\n");
}

function formatColumns(
  head: readonly string[],
  rows: ReadonlyArray<ReadonlyArray<string | number>>,
): string {
  const table = new Table({
    head: [...head],
    chars: Object.fromEntries(BORDERS.map((border) => [border, ""])),
    style: {
      head: [],
      border: [],
      compact: true,
      "padding-left": 0,
      "padding-right": 2,
    },
  });
  table.push(...rows.map((row) => row.map(printable)));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

const BORDERS = [
  "top",
  "top-mid",
  "top-left",
  "top-right",
  "bottom",
  "bottom-mid",
  "bottom-left",
  "bottom-right",
  "left",
  "left-mid",
  "mid",
  "mid-mid",
  "right",
  "right-mid",
  "middle",
] as const;
