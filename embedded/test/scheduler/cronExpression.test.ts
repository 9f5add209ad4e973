import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import {
  nextMatchMs,
  parseCronExpression,
} from "../../src/scheduler/cronExpression.js";

const MINUTE_MS = 60_000;

/** The first `count` times after a moment, as `2026-01-31 02:00`. */
function times(expression: string, after: string, count: number): string[] {
  const cron = parseCronExpression(expression);
  if (cron === undefined)
    throw new Error(`${expression} is not in the grammar`);
  const found: string[] = [];
  let atMs = Date.parse(`${after.replace(" ", "T")}Z`);
  while (found.length < count) {
    const next = nextMatchMs(cron, atMs);
    if (next === undefined) break;
    found.push(new Date(next).toISOString().slice(0, 16).replace("T", " "));
    atMs = next;
  }
  return found;
}

/** Days of the first `count` fires, with the hours left out. */
const days = (expression: string, after: string, count: number) =>
  times(expression, after, count).map((time) => time.slice(0, 10));

describe("the grammar of Convex's crons", () => {
  it.each([
    ...["* * * * *", "*/15 * * * *", "0,30 1-5 * JAN-mar Mon", "007 0 * * *"],
    ...["0 22-2 * * *", "0 20-4/2 * * *", "0 0 30-2 * *", "0 0 * 11-2 *"],
    ...[
      "0 0 * * 5-1",
      "0 0 * * L",
      "0 0 * * 5L",
      "0 0 * * friL",
      "0 0 * * 2#3",
    ],
    ...[
      "0 0 L * *",
      "0 0 LW * *",
      "0 0 L-3 * *",
      "0 0 L-3W * *",
      "0 0 15W * *",
    ],
    ...["0\t0  * * 0", "59/3 * * * *", "*/59 * * * *", "2/2,*/4 * * * *"],
    ...["5,* * * * *", "0 0 */1 * 1", "0 0 * * 1/2"],
  ])("has %j", (expression) => {
    expect(parseCronExpression(expression)).toBeDefined();
  });

  it.each([
    ...["", "*", "nonsense", "@daily", "* * * *", "* * * * * *"],
    ...[" 0 0 * * *", "0 0 * * * ", "0 0\n* * *"],
    ...["60 * * * *", "* 24 * * *", "0 0 0 * *", "0 0 32 * *", "0 0 * 0 *"],
    ...["0 0 * 13 *", "0 0 * * 7", "0 0 * * 5-7", "0 0 * * 7L", "300 * * * *"],
    ...[
      "0 0 ? * *",
      "0 0 * * ?",
      "*/61 * * * *",
      "*/60 * * * *",
      "*/0 * * * *",
    ],
    ...["0 */24 * * *", "0 0 */31 * *", "0 0 * */12 *", "0 0 * * */7"],
    ...["0 0 1,L * *", "0 0 L,1 * *", "0 0 3,5W * *", "0 0 * * 1,5L"],
    ...["0 0 L-0 * *", "0 0 L-31 * *", "0 0 0W * *", "0 0 l * *", "0 0 * * 5l"],
    ...[
      "0 0 * * 1#0",
      "0 0 * * 1#6",
      "0 0 * * MONDAY",
      "*,* * * * *",
      "*-5 * * * *",
    ],
    ...[
      "1- * * * *",
      "1-2-3 * * * *",
      "1,,2 * * * *",
      "-1 * * * *",
      "1.5 * * * *",
    ],
    ...["0 0 * foo *", "jan * * * *", "H * * * *"],
  ])("does not have %j", (expression) => {
    expect(parseCronExpression(expression)).toBeUndefined();
  });
});

describe("the times of an expression", () => {
  it("count minutes and hours", () => {
    expect(times("*/20 3,4 * * *", "2026-01-01 03:20", 4)).toEqual([
      ...["2026-01-01 03:40", "2026-01-01 04:00"],
      ...["2026-01-01 04:20", "2026-01-01 04:40"],
    ]);
    expect(times("* * * * *", "2026-01-31 23:59", 1)).toEqual([
      "2026-02-01 00:00",
    ]);
  });

  it("never are the minute that has begun", () => {
    const cron = parseCronExpression("* * * * *")!;
    expect(nextMatchMs(cron, 5 * MINUTE_MS)).toBe(6 * MINUTE_MS);
    expect(nextMatchMs(cron, 5 * MINUTE_MS + 1)).toBe(6 * MINUTE_MS);
    expect(nextMatchMs(cron, 5 * MINUTE_MS - 1)).toBe(5 * MINUTE_MS);
  });

  // As on Convex, with the hour before the range, which nobody would expect.
  it("wrap around midnight", () => {
    expect(times("0 22-2 * * *", "2026-01-01 12:00", 6)).toEqual([
      ...["2026-01-01 21:00", "2026-01-01 22:00", "2026-01-01 23:00"],
      ...["2026-01-02 00:00", "2026-01-02 01:00", "2026-01-02 02:00"],
    ]);
    expect(times("0 20-4/2 * * *", "2026-01-01 12:00", 5)).toEqual([
      ...["2026-01-01 20:00", "2026-01-01 22:00"],
      ...["2026-01-02 00:00", "2026-01-02 02:00", "2026-01-02 04:00"],
    ]);
  });

  it.each([
    ["0 0 * * 1/2", ["2026-01-02", "2026-01-05", "2026-01-07", "2026-01-09"]],
    [
      "0 0 * * 5-1",
      [
        "2026-01-01",
        "2026-01-02",
        "2026-01-03",
        "2026-01-04",
        "2026-01-05",
        "2026-01-08",
      ],
    ],
    ["0 0 * * L", ["2026-01-03", "2026-01-10"]],
    ["0 0 * * 6L", ["2026-01-31", "2026-02-28", "2026-03-28"]],
    ["0 0 * * SAT#5", ["2026-01-31", "2026-05-30"]],
    ["0 0 * * 2#3", ["2026-01-20", "2026-02-17"]],
    // A day of either, where both are restricted; a step of one restricts.
    ["0 0 13 * 5", ["2026-01-02", "2026-01-09", "2026-01-13", "2026-01-16"]],
    ["0 0 */1 * 1", ["2026-01-01", "2026-01-02"]],
    ["0 0 * * 0", ["2026-01-04", "2026-01-11"]],
  ])("know weekdays: %s", (expression, expected) => {
    expect(days(expression, "2025-12-31 12:00", expected.length)).toEqual(
      expected,
    );
  });

  it.each([
    ["0 0 L FEB *", "2027-01-01", ["2027-02-28", "2028-02-29"]],
    ["0 0 L-1 FEB *", "2027-01-01", ["2027-02-27", "2028-02-28"]],
    ["0 0 LW MAY *", "2020-01-01", ["2020-05-29", "2021-05-31", "2022-05-31"]],
    ["0 0 L-1W MAY *", "2020-01-01", ["2020-05-29", "2021-05-31"]],
    ["0 0 1W MAY *", "2020-01-01", ["2020-05-01", "2021-05-03", "2022-05-02"]],
    ["0 0 15W * *", "2026-07-01", ["2026-07-15", "2026-08-14", "2026-09-15"]],
    [
      "0 0 30W * *",
      "2026-01-01",
      ["2026-01-30", "2026-03-30", "2026-04-30", "2026-05-29"],
    ],
    ["0 0 31 * *", "2026-01-01", ["2026-01-31", "2026-03-31", "2026-05-31"]],
    ["0 0 29 2 *", "2026-01-01", ["2028-02-29", "2032-02-29"]],
    ["0 0 L-28W 2 *", "1970-01-01", ["1972-02-01", "1976-02-02", "1980-02-01"]],
    [
      "0 0 30-2 1 *",
      "2026-01-01",
      ["2026-01-02", "2026-01-29", "2026-01-30", "2026-01-31"],
    ],
  ])("know days of the month: %s", (expression, after, expected) => {
    expect(days(expression, `${after} 00:00`, expected.length)).toEqual(
      expected,
    );
  });

  it("are none for a day that no month has", () => {
    expect(times("0 0 31 2 *", "2026-01-01 00:00", 1)).toEqual([]);
    expect(times("0 0 30W 2 *", "2026-01-01 00:00", 1)).toEqual([]);
    expect(days("0 0 * 2 1#5", "2026-01-01 00:00", 1)).toEqual(["2044-02-29"]);
  });
});

describe("beside the parser of Convex", () => {
  const answers = readFileSync(
    path.join(import.meta.dirname, "realParser.txt"),
    "utf8",
  )
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(" | ") as [expression: string, answer: string]);

  it("has, refuses and times the same expressions", () => {
    expect(answers.length).toBeGreaterThan(1_400);
    const differing = answers.filter(
      ([expression, answer]) => answerTo(unescaped(expression)) !== answer,
    );
    expect(differing).toEqual([]);
  });
});

/** As a line of `realParser.txt` has it. */
function answerTo(expression: string): string {
  if (parseCronExpression(expression) === undefined) return "refused";
  const starts = ["2025-12-31 23:59:59", "2028-02-29 00:00:00"];
  return starts
    .flatMap((start) => {
      const found = times(expression, start, 2);
      return found.length > 0 ? found : ["never"];
    })
    .map((time) => time.replace(" ", "T"))
    .join(" ");
}

function unescaped(text: string): string {
  return text
    .replaceAll("\\t", "\t")
    .replaceAll("\\n", "\n")
    .replaceAll("\\r", "\r");
}
