/** Output to terminals that act on the text they get, and into files that take no more. */
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, expect, test } from "vitest";
import { ZipFile } from "yazl";
import type { ShowJson } from "../../../cli/json/session.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { NOW, setUpDeployment } from "../support/deployment.js";
import type { Finished } from "../support/fakeTerminal.js";

/**
 * A text that moves the cursor, recolours, goes back to the line's start, turns the direction of the
 * rest.
 */
const HOSTILE =
  "\u001b[2J\u009b31m\r\u0007\u007f\u202e\u2066\u200f\u2028\u2029!";
const UNSEEN = /(?!\n)[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u;

function expectPrintable({ stdout, stderr }: Finished): void {
  expect(UNSEEN.exec(stdout + stderr)).toBeNull();
}

describe("others' text is made safe before it reaches a terminal", () => {
  test.each([
    { anonymousId: HOSTILE },
    { createdAt: HOSTILE },
    { visits: HOSTILE },
    { ended: { reason: 1, [HOSTILE]: HOSTILE } },
    { [HOSTILE]: 1 },
    { actions: [{ at: NOW, action: "a", [HOSTILE]: 1 }] },
    { actions: [{ at: NOW, action: "a", metadata: { [`$${HOSTILE}`]: 1 } }] },
  ])("in a row to import, case %#", async (fields) => {
    const { terminal } = setUpDeployment();
    const row = { anonymousId: "a", createdAt: NOW, lastActive: NOW };
    terminal.write("a.jsonl", JSON.stringify({ ...row, ...fields }));
    expectPrintable(await terminal.run("import", "a.jsonl"));
  });

  test("in a file that is not JSON", async () => {
    const { terminal } = setUpDeployment();
    terminal.write("a.jsonl", HOSTILE);
    const result = await terminal.run("import", "a.jsonl");
    expect(result.stderr).toContain("line 1: not JSON");
    expectPrintable(result);
  });

  test("in the names of a ZIP", async () => {
    const { terminal } = setUpDeployment();
    const zip = new ZipFile();
    zip.addBuffer(Buffer.from("{}\n"), `${HOSTILE}/documents.jsonl`);
    zip.end();
    const path = join(terminal.folder, "a.zip");
    await pipeline(zip.outputStream, createWriteStream(path));
    const result = await terminal.run("import", "a.zip");
    expect(result.stderr).toContain("has no table");
    expectPrintable(result);
  });

  test("in a deployment's answer", async () => {
    const { terminal } = setUpDeployment({
      fetch: () =>
        Promise.resolve(
          Response.json({ status: "error", errorMessage: `no ${HOSTILE}` }),
        ),
    });
    const result = await terminal.run("list");
    expect(result.stderr).toContain("failed: no \ufffd[2J");
    expectPrintable(result);
  });

  test("in a visitor's values, which programs get unchanged", async () => {
    const { terminal, component } = setUpDeployment();
    await component.mutation(api.visitors.action.record, {
      anonymousId: "a",
      action: HOSTILE,
      resourceId: HOSTILE,
      metadata: { text: HOSTILE },
    });
    await component.mutation(api.visitors.link.user, {
      anonymousId: "a",
      userId: HOSTILE,
    });
    terminal.isTTY = true;
    for (const format of [[], ["--json"], ["--jsonl"]]) {
      expectPrintable(await terminal.run("show", "a", ...format));
      expectPrintable(await terminal.run("list", ...format));
    }
    // The progress bar of `export`, on stderr, moves the cursor itself.
    const { stdout } = await terminal.run("export", "-");
    expect(UNSEEN.exec(stdout)).toBeNull();
    const { timeline, userId } = await terminal.json<ShowJson>("show", "a");
    expect(userId).toBe(HOSTILE);
    expect(timeline[0]).toMatchObject({
      action: HOSTILE,
      resourceId: HOSTILE,
      metadata: { text: HOSTILE },
    });
  });

  test("while our own colours stay", async () => {
    const { terminal } = setUpDeployment();
    terminal.isTTY = true;
    const { stdout } = await terminal.run("status");
    expect(stdout).toContain("\u001b[1m");
    const refused = await terminal.run("show", "\u001b[1mbold");
    expect(refused.stderr).not.toContain("\u001b");
  });
});

describe("values that JSON lacks", () => {
  const metadata = {
    big: 2n ** 62n,
    bytes: new Uint8Array([0, 255, 7]).buffer,
    floats: [NaN, Infinity, -Infinity, -0],
  };
  const written = {
    big: { $integer: "AAAAAAAAAEA=" },
    bytes: { $bytes: "AP8H" },
    floats: [
      { $float: "AAAAAAAA+H8=" },
      { $float: "AAAAAAAA8H8=" },
      { $float: "AAAAAAAA8P8=" },
      { $float: "AAAAAAAAAIA=" },
    ],
  };

  async function setUpValues() {
    const deployment = setUpDeployment();
    const { component } = deployment;
    const action = { anonymousId: "a", action: "did", metadata };
    await component.mutation(api.visitors.action.record, action);
    return deployment;
  }

  test("are readable for people", async () => {
    const { terminal } = await setUpValues();
    const { exitCode, stdout } = await terminal.run("show", "a");
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      '{"big":4611686018427387904,"bytes":3 bytes 00ff07,"floats":[NaN,Infinity,-Infin…',
    );
  });

  test("are Convex's JSON for programs", async () => {
    const { terminal } = await setUpValues();
    const { timeline } = await terminal.json<ShowJson>("show", "a");
    expect(timeline[0]?.metadata).toEqual(written);
    const { stdout } = await terminal.run("show", "a", "--jsonl");
    expect(JSON.parse(stdout)).toMatchObject({ metadata: written });
  });

  test("are readable in errors that the app throws", async () => {
    const { terminal } = setUpDeployment({
      fetch: () =>
        Promise.resolve(
          Response.json({
            status: "error",
            errorMessage: "x",
            errorData: written,
          }),
        ),
    });
    const { exitCode, stderr } = await terminal.run("list");
    expect(exitCode).toBe(1);
    expect(stderr).toContain('error: {"big":4611686018427387904,');
  });
});

describe("an output that fails", () => {
  const full = () => createWriteStream("/dev/full");

  test("is an error in words", async () => {
    const { terminal } = setUpDeployment({ stdout: full() });
    const { exitCode, stderr } = await terminal.run("list");
    expect(stderr).toBe(
      "error: The output cannot be written: ENOSPC: no space left on device, write. Make room, or send it elsewhere.\n",
    );
    expect(exitCode).toBe(1);
  });

  test("is an error in words for an export as well", async () => {
    const { terminal, component } = setUpDeployment({ stdout: full() });
    await component.mutation(api.visitors.heartbeat.beat, {
      anonymousId: "a",
    });
    const { exitCode, stderr } = await terminal.run("export", "-");
    expect(stderr).toContain("ENOSPC: no space left on device");
    expect(stderr).not.toContain("please report");
    expect(exitCode).toBe(1);
  });

  test.each([[[]], [["--json"]]])(
    "loses no receipt of an erasure %j",
    async (format) => {
      const { terminal, component } = setUpDeployment({ stdout: full() });
      await component.mutation(api.visitors.heartbeat.beat, {
        anonymousId: "a",
      });
      const { exitCode, stderr } = await terminal.run(
        ...["forget", "a", "--confirm", "a", ...format],
      );
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(
        format.length > 0 ? /"erasedAt": "2026/ : /anonymousId {2}a\n/,
      );
      expect(stderr).toContain("What the command did is done");
    },
  );

  test("is no error where its reader has closed it", async () => {
    const closed = Object.assign(new Error("EPIPE"), { code: "EPIPE" });
    const stdout = new Writable({ write: (_chunk, _, done) => done(closed) });
    const { terminal } = setUpDeployment({ stdout });
    const { exitCode, stderr } = await terminal.run("list");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });
});

test("remarks are broken between words in a terminal, and what is to be copied is not", async () => {
  const { terminal, store } = setUpDeployment();
  const row = { createdAt: 0, lastActive: 0 };
  await store(["a", "b"].map((anonymousId) => ({ anonymousId, ...row })));
  const dryRun = ["purge", "--dry-run"];
  const whole = (await terminal.run(...dryRun)).stderr;
  expect(whole).toMatch(/^Target: .*, component sessionTracker$/m);
  Object.assign(terminal, { isTTY: true, columns: 40 });
  const { stderr } = await terminal.run(...dryRun);
  expect(stderr.replaceAll(/\s+/g, " ")).toBe(whole.replaceAll(/\s+/g, " "));
  const widths = stderr.split("\n").map((line) => line.length);
  expect(Math.max(...widths)).toBeLessThanOrEqual(40);
  const listed = await terminal.run("list", "--limit", "1");
  expect(listed.stderr).toMatch(/^More: .* --cursor \S+$/m);
});
