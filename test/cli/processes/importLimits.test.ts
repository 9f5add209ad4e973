/**
 * Rows that a real deployment refuses: they are left out by line and reason, and nothing else with
 * them.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { ListJson } from "../../../cli/json/session.js";
import type { ExportJson, ImportJson } from "../../../cli/json/transfer.js";
import { RealCli } from "../support/realCli.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";

const cli = new RealCli();
const TIMEOUT_MS = 240_000;
const AT = Date.now() - 3 * DAY_MS;

beforeAll(async () => {
  await cli.serve();
}, TIMEOUT_MS);

function row(anonymousId: string, ...metadata: unknown[]) {
  const actions = metadata.map((value, i) => ({
    at: AT - i,
    action: "did",
    metadata: value,
  }));
  return { anonymousId, createdAt: AT - DAY_MS, lastActive: AT, actions };
}

function write(name: string, rows: object[]): void {
  const text = rows.map((one) => `${JSON.stringify(one)}\n`).join("");
  writeFileSync(join(cli.folder, name), text);
}

const nested = (levels: number): unknown =>
  levels === 0 ? 1 : { in: nested(levels - 1) };

const BAD: Array<[line: number, metadata: unknown, reason: RegExp]> = [
  [11, nested(21), /nest/i],
  [12, Array(9_000).fill(1), /9000 > maximum length/],
  [33, "x".repeat(1_200_000), /too large/i],
  [34, { ü: 1 }, /field/i],
];

/** @param bad the number of bad rows, from the first on */
function writeBad(prefix: string, bad = BAD.length): void {
  const [first, second, ...rest] = BAD.slice(0, bad).map(([line, metadata]) =>
    row(`${prefix}-bad-${line}`, metadata),
  );
  const good = Array.from({ length: 30 }, (_, i) => row(`${prefix}-${i}`, i));
  const [start, end] = [good.slice(0, 10), good.slice(10)];
  write(`${prefix}.jsonl`, [...start, first!, second!, ...end, ...rest]);
}

test(
  "--skip-invalid leaves out rows that the deployment refuses as documents",
  async () => {
    writeBad("a");
    const args = ["import", "a.jsonl", "--skip-invalid", "--json"];
    const { exitCode, stdout, stderr } = await cli.run(...args);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      rows: 30,
      created: 30,
      actions: 30,
      invalid: 4,
    });
    for (const [line, , reason] of BAD) {
      const said = new RegExp(`^line ${line}: (.*)$`, "m").exec(stderr)?.[1];
      expect(said).toMatch(reason);
    }
    const { sessions } = await cli.quick<ListJson>(["list"]);
    const names = sessions.map(({ anonymousId }) => anonymousId);
    expect(names.filter((name) => name.includes("bad"))).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "without --skip-invalid a refused line is named, and the advised --from-line goes on",
  async () => {
    writeBad("b", 3);
    const first = await cli.run("import", "b.jsonl");
    expect(first.exitCode).toBe(1);
    expect(first.stderr).toMatch(/^error: line 11: .*nest/m);
    const [, fromLine = ""] =
      /Correct it or pass --skip-invalid, then repeat the command with --from-line (\d+) to go on/.exec(
        first.stderr,
      ) ?? [];
    const args = ["import", "b.jsonl", "--from-line", fromLine];
    const next = await cli.run(...args, "--skip-invalid");
    expect(next.exitCode).toBe(0);
    const { sessions } = await cli.quick<ListJson>(["list", "--limit", "500"]);
    const imported = sessions.filter(({ anonymousId }) =>
      anonymousId.startsWith("b-"),
    );
    expect(imported).toHaveLength(30);
  },
  TIMEOUT_MS,
);

test(
  "a failure that would keep any row out is not blamed on a line",
  async () => {
    write("c.jsonl", [row("c", 1)]);
    const args = ["import", "c.jsonl", "--skip-invalid"];
    const result = await cli.run(...args, "--component", "elsewhere");
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain("app.use(sessionTracker)");
    expect(result.stderr).not.toContain("line 1");
  },
  TIMEOUT_MS,
);

test(
  "more actions at one time than a call takes are imported, also across several imports",
  async () => {
    const click = (i: number) => ({ at: AT, action: "click", metadata: i });
    const clicks = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => click(from + i));
    const same = Array.from({ length: 2_500 }, () => click(-1));
    const visitor = { anonymousId: "d", createdAt: AT, lastActive: AT };
    const files = {
      "d.jsonl": [...clicks(0, 1_900), ...same],
      "e.jsonl": clicks(1_500, 4_100),
    };
    for (const [name, actions] of Object.entries(files)) {
      write(name, [{ ...visitor, actions }]);
      await cli.quick<ImportJson>(["import", name]);
      const again = await cli.quick<ImportJson>(["import", name]);
      expect(again).toMatchObject({ unchanged: 1, actions: 0 });
    }
    const first = await cli.quick<ExportJson>(["export", "first.jsonl"]);
    expect(first.actions).toBeGreaterThanOrEqual(6_600);
    await cli.quick(["forget", "d", "--confirm", "d"]);
    const restore = ["--restore-erased", "--reason", "a test"];
    await cli.quick<ImportJson>(["import", "first.jsonl", ...restore]);
    await cli.quick(["export", "second.jsonl"]);
    const [before, after] = ["first.jsonl", "second.jsonl"].map((name) =>
      readFileSync(join(cli.folder, name), "utf8"),
    );
    expect(before).toContain('"metadata":-1,"copies":2500}');
    expect(after === before).toBe(true);
  },
  TIMEOUT_MS,
);
