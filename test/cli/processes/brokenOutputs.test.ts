/** Outputs that end before the command does: closed pipes and full disks. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { RunResultJson } from "../../../cli/json/run.js";
import { OldSessions } from "../support/oldSessions.js";

const SESSIONS = 2_000;
const TIMEOUT_MS = 240_000;
const old = new OldSessions(SESSIONS);
const { cli } = old;

test(
  "a pipe that is closed early ends the command without an error",
  async () => {
    for (const args of [
      ["list", "--limit", "2000", "--jsonl"],
      ["export", "-"],
    ]) {
      const line = `${cli.inShell(args)} 2>said | head -n 1`;
      const { stdout, exitCode } = await cli.startLine(line).finished;
      expect(exitCode).toBe(0);
      expect(stdout.trim().split("\n")).toHaveLength(1);
      const said = readFileSync(join(cli.folder, "said"), "utf8");
      expect(said).not.toMatch(/error|EPIPE|^ +at /im);
    }
    // Nobody reads stderr: the command does its work all the same.
    const line = `{ ${cli.inShell(["retention", "30"])}; echo $? >code; } 2>&1 >/dev/null | true`;
    await cli.startLine(line).finished;
    expect(readFileSync(join(cli.folder, "code"), "utf8")).toBe("0\n");
    await cli.quick(["retention", "14", "--yes"]);
  },
  TIMEOUT_MS,
);

test(
  "a full disk stops an archived purge: deleted sessions are in the archive whole, the others are kept",
  async () => {
    const args = ["purge", "--days", "14", "--yes", "--archive", "full.gz"];
    // The limit is in blocks of 512 bytes: room for one page, and not for all.
    const line = `ulimit -f 100; exec ${cli.inShell(args)}`;
    const { exitCode, stderr } = await cli.startLine(line).finished;
    expect(exitCode).toBe(1);
    expect(stderr).toContain("EFBIG");
    const left = await old.total();
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(SESSIONS);
    const resume = /sessions-ops (runs resume .*?)`/.exec(stderr)?.[1] ?? "";
    const ended = await cli.json<RunResultJson>(resume.split(" "));
    expect(ended).toMatchObject({ status: "completed", sessions: SESSIONS });
    const archive = readFileSync(join(cli.folder, "full.gz"));
    const lines = gunzipSync(archive).toString().trimEnd().split("\n");
    const ids = lines.filter((text) => text.includes('"anonymousId"'));
    expect(ids).toHaveLength(SESSIONS);

    await old.importAll();
    const exporting = `ulimit -f 100; exec ${cli.inShell(["export", "full.jsonl"])}`;
    const exported = await cli.startLine(exporting).finished;
    expect(exported.exitCode).toBe(1);
    expect(exported.stderr).toMatch(/^error: EFBIG: [^\n]*\n$/);
    const files = readdirSync(cli.folder);
    expect(files.filter((name) => name.startsWith("full.jsonl"))).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "a full disk is an error in words, and loses no receipt",
  async () => {
    const after = async (limit: string, command: string, to: string) => {
      const line = `${limit} ${command} >${to} 2>said; echo $? >code`;
      await cli.startLine(line).finished;
      const [said = "", code] = ["said", "code"].map((name) =>
        readFileSync(join(cli.folder, name), "utf8"),
      );
      expect(said).not.toMatch(/^ {4}at |please report/m);
      expect(code).toBe("1\n");
      return said;
    };
    // The test before this one has purged the sessions.
    await old.importAll();
    const list = cli.inShell(["list", "--limit", "2000"]);
    const inWords = /^error: The output cannot be written: E.+: .*write\. /m;
    expect(await after("", list, "/dev/full")).toMatch(inWords);
    // The file takes the first bytes, and no more.
    expect(await after("ulimit -f 8;", list, "listed")).toMatch(inWords);
    expect(
      await after("ulimit -f 8;", cli.inShell(["export", "-"]), "all"),
    ).toMatch(inWords);

    const forget = ["forget", "visitor-7", "--confirm", "visitor-7"];
    const said = await after("", cli.inShell(forget), "/dev/full");
    expect(said).toMatch(/^Erased for good:$/m);
    expect(said).toContain("  anonymousId  visitor-7\n");
    expect(said).toMatch(inWords);
  },
  TIMEOUT_MS,
);
