/** The table of contention, as the component's README has it. */
import type { Contention } from "./pairs.js";

/**
 * A row for each call, a column for each that makes another run again, in each cell how many of 1,000 pairs do;
 * empty is none, `–` is a pair that is never under way at once.
 */
export function tableOf(
  names: readonly string[],
  found: readonly Contention[],
): string {
  const cellOf = (loser: string, winner: string) => {
    const pair = found.find(
      (one) => one.loser === loser && one.winner === winner,
    );
    if (pair === undefined) return "–";
    return pair.perThousand === 0 ? "" : String(pair.perThousand);
  };
  const winners = names.filter((name) =>
    found.some(({ winner, perThousand }) => winner === name && perThousand > 0),
  );
  const lines = [
    ["runs again, after", ...winners],
    ["---", ...winners.map(() => "---:")],
    ...names.map((loser) => [
      loser,
      ...winners.map((winner) => cellOf(loser, winner)),
    ]),
  ];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** The cells of the table under a heading of a document, without their padding. */
export function tableUnder(markdown: string, heading: string): string[][] {
  const section = markdown.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return section
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .filter((cells) => !cells.every((cell) => /^-*:?$/.test(cell)));
}
