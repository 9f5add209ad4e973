import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import {
  parseCombinedLine,
  readVisitors,
  shiftToNow,
} from "../../scripts/accessLog.js";

const ROOT = join(import.meta.dirname, "../..");

const AT = Date.UTC(2015, 4, 17, 10, 5, 3);

function line({
  address = "203.0.113.9",
  user = "-",
  time = "17/May/2015:10:05:03 +0000",
  request = "GET /index.html HTTP/1.1",
  status = "200",
  bytes = "2326",
  referrer = "http://example.com/start",
  userAgent = "Mozilla/5.0 (X11)",
} = {}): string {
  return `${address} - ${user} [${time}] "${request}" ${status} ${bytes} "${referrer}" "${userAgent}"`;
}

describe("a line in the combined format", () => {
  test("gives all its fields", () => {
    expect(parseCombinedLine(line())).toEqual({
      address: "203.0.113.9",
      userAgent: "Mozilla/5.0 (X11)",
      at: AT,
      request: "GET /index.html HTTP/1.1",
      status: 200,
      bytes: 2326,
      referrer: "http://example.com/start",
    });
  });

  test.each([
    ["an IPv6 address", { address: "2001:db8::1" }, { address: "2001:db8::1" }],
    ["a user name with spaces", { user: "jane [ops] doe" }, { at: AT }],
    ["a zone east of UTC", { time: "17/May/2015:12:35:03 +0230" }, { at: AT }],
    ["a zone west of UTC", { time: "16/May/2015:22:05:03 -1200" }, { at: AT }],
    [
      "escaped quotes and backslashes",
      { request: String.raw`GET /a\"b\\c HTTP/1.1` },
      { request: String.raw`GET /a"b\c HTTP/1.1` },
    ],
    ["bytes in hexadecimal", { referrer: "\\xe4" }, { referrer: "\\xe4" }],
    ["an empty user agent", { userAgent: "" }, { userAgent: "" }],
    ["an empty request", { request: "-" }, { request: "-" }],
  ])("may have %s", (_name, fields, expected) => {
    expect(parseCombinedLine(line(fields))).toMatchObject(expected);
  });

  test.each([
    ["a carriage return", `${line()}\r`],
    ["more fields", `${line()} 0.003 "10.0.0.1"`],
  ])("may end in %s", (_name, text) => {
    expect(parseCombinedLine(text)).toEqual(parseCombinedLine(line()));
  });

  test("has no bytes and no referrer where the log says -", () => {
    const request = parseCombinedLine(line({ bytes: "-", referrer: "-" }));
    expect(request).not.toBeNull();
    expect(request).not.toHaveProperty("bytes");
    expect(request).not.toHaveProperty("referrer");
  });

  test.each([
    ["no line of a log", "hello"],
    ["the common format, without user agent", line().replace(/ "Moz.*$/, "")],
    ["an unknown month", line({ time: "17/Mai/2015:10:05:03 +0000" })],
    ["no 25th hour", line({ time: "17/May/2015:25:05:03 +0000" })],
    ["a time without zone", line({ time: "17/May/2015:10:05:03" })],
    ["an open quote", line().slice(0, -1)],
    ["a status that is no number", line({ status: "OK" })],
  ])("is not %s", (_name, text) => {
    expect(parseCombinedLine(text)).toBeNull();
  });
});

describe("the visitors of a log", () => {
  test("are addresses with a user agent, and have their requests in order of time", async () => {
    const { rows } = await convert([
      line({ time: "17/May/2015:10:05:09 +0000", request: "GET /b HTTP/1.1" }),
      line({ request: "POST /a?x=1 HTTP/2.0", referrer: "-" }),
      line({ userAgent: "another" }),
      line({ address: "198.51.100.7" }),
    ]);
    expect(rows).toHaveLength(3);
    expect(rows[0]).toEqual({
      anonymousId: expect.stringMatching(/^log:[0-9a-f]{32}$/) as string,
      createdAt: AT,
      lastActive: AT + 6_000,
      actions: [
        {
          at: AT,
          action: "POST",
          resourceId: "/a?x=1",
          metadata: { status: 200, bytes: 2326 },
        },
        {
          at: AT + 6_000,
          action: "GET",
          resourceId: "/b",
          metadata: {
            status: 200,
            bytes: 2326,
            referrer: "http://example.com/start",
          },
        },
      ],
    });
  });

  test("have the same ids with the same salt, and different ones with another", async () => {
    const idWith = async (salt: string) =>
      (await convert([line()], salt)).rows[0]?.anonymousId;
    expect(await idWith("a")).toBe(await idWith("a"));
    expect(await idWith("a")).not.toBe(await idWith("b"));
  });

  test("keep requests that are no HTTP, and paths cut to the component's limit", async () => {
    const path = `/${"x".repeat(1_022)}\u{1F600}`;
    const { rows } = await convert([
      line({ request: "-", status: "408" }),
      line({ request: `GET ${path} HTTP/1.1` }),
    ]);
    expect(rows[0]?.actions).toMatchObject([
      { action: "malformed", metadata: { status: 408 } },
      { action: "GET", resourceId: path.slice(0, 1_023) },
    ]);
    expect(rows[0]?.actions?.[0]).not.toHaveProperty("resourceId");
  });

  test("are read without malformed lines, which are reported by number", async () => {
    const { rows, malformed } = await convert(["?", "", line(), "!"]);
    expect(rows).toHaveLength(1);
    expect(malformed).toEqual([1, 4]);
  });

  test("are moved to the present by one difference", async () => {
    const { rows } = await convert([
      line(),
      line({ address: "::1", time: "17/May/2015:10:06:03 +0000" }),
    ]);
    const now = Date.UTC(2026, 0, 1);
    const [first, last] = shiftToNow(rows, now);
    expect(first).toMatchObject({
      createdAt: now - 60_000,
      lastActive: now - 60_000,
      actions: [{ at: now - 60_000 }],
    });
    expect(last).toMatchObject({ createdAt: now, lastActive: now });
  });
});

describe("the command", () => {
  const folder = mkdtempSync(join(tmpdir(), "access-log-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("reads a gzipped file like the same log on stdin", () => {
    const log = `${line()}\nbroken\n${line({ address: "::1" })}\n`;
    const file = join(folder, "access.log.gz");
    writeFileSync(file, gzipSync(log));
    const fromFile = run([file, "--salt", "s"]);
    const fromStdin = run(["-", "--salt", "s"], log);
    expect(fromFile.status).toBe(0);
    expect(fromFile.stdout.split("\n")).toHaveLength(3);
    expect(fromStdin.stdout).toBe(fromFile.stdout);
    expect(fromFile.stderr).toMatchInlineSnapshot(`
      "line 2 is not in the combined format: broken
      2 visitors, 2 requests; malformed lines left out: 1
      "
    `);
  });

  test("fails for a log without any request, and for a file that is not there", () => {
    expect(run(["-"], "nothing\n").status).toBe(1);
    const missing = run([join(folder, "missing.log")]);
    expect(missing.status).toBe(1);
    expect(missing.stderr).toContain("missing.log");
  });
});

// ── Helpers ─────────────────────────────────────────────────────────────────

async function convert(log: string[], salt = "salt") {
  const malformed: number[] = [];
  const rows = await readVisitors(Readable.from(log), {
    salt,
    onMalformed: (lineNumber) => malformed.push(lineNumber),
  });
  return { rows, malformed };
}

function run(args: string[], input = "") {
  const script = join(ROOT, "scripts/accessLogToSessions.ts");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", script, ...args],
    { cwd: ROOT, input, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 },
  );
  return { status, stdout, stderr };
}

describe("its output", () => {
  const folder = mkdtempSync(join(tmpdir(), "access-log-output-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("holds none of the log's control characters", () => {
    const hostile = "\u001b[2J\u009b31m\r\u202e\u0007";
    const { stderr } = run(["-"], `${hostile}\n`);
    expect(stderr).toContain("line 1 is not in the combined format: \ufffd[2J");
    expect(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u.test(stderr)).toBe(false);
  });

  test("is an error in words where it cannot be written", () => {
    const log = join(folder, "access.log");
    const lines = Array.from({ length: 500 }, (_, i) =>
      line({ address: `203.0.113.${i % 250}`, userAgent: `browser ${i}` }),
    );
    writeFileSync(log, `${lines.join("\n")}\n`);
    const command = `'${process.execPath}' --import tsx scripts/accessLogToSessions.ts '${log}'`;
    for (const full of [
      `${command} >/dev/full`,
      // The file takes the first bytes, and no more.
      `ulimit -f 8; ${command} >'${join(folder, "rows.jsonl")}'`,
    ]) {
      const { status, stderr } = spawnSync("sh", ["-c", full], {
        cwd: ROOT,
        encoding: "utf8",
      });
      expect(stderr).toMatch(/^error: the rows cannot be written: E/);
      expect(stderr).not.toMatch(/\n +at /);
      expect(status).toBe(1);
    }
  });
});
