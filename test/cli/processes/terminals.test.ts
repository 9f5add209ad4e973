/** Commands in terminals of their own: Ctrl-C at a question, narrow ones, `status --watch`. */
import { Terminal } from "@xterm/headless";
import { describe, expect, test } from "vitest";
import type { StatusJson } from "../../../cli/json/status/status.js";
import { OldSessions } from "../support/oldSessions.js";

const SESSIONS = 2_000;
const TIMEOUT_MS = 240_000;
const old = new OldSessions(SESSIONS);
const { cli } = old;

describe("Ctrl-C at a question", () => {
  test.each([
    [["purge", "--days", "14"], "Delete 2,000 sessions"],
    [["purge", "--days", "7"], "Type the number of sessions"],
    [["retention", "7"], "Lower the retention"],
    [["settings", "set", "retentionDays=7"], "Lower the retention"],
    [["import", "sessions.jsonl"], "Import them all the same?"],
    [["forget", "visitor-1"], "Type visitor-1 to go on"],
    [["expire"], "Type its name to go on"],
  ])(
    "cancels %j with exit code 2",
    async (args, question) => {
      // A deployment on this machine that counts as production asks the most.
      const isProduction = args[0] === "expire";
      const env = isProduction ? productionEnv() : {};
      const asking = cli.startInTerminal(args, { env });
      await asking.said(question);
      // The answer is read once the cursor is put behind the question.
      await asking.said(/\p{Cc}\[\d+G/u);
      asking.child.stdin?.write("\u0003");
      const { exitCode, stdout } = await asking.finished;
      expect(stdout).toContain("Cancelled; nothing was changed.");
      expect(exitCode).toBe(2);
    },
    TIMEOUT_MS,
  );

  test("leaves sessions and settings unchanged", async () => {
    const { sessions, retentionDays } = await cli.quick<StatusJson>(["status"]);
    expect({ total: sessions.total, retentionDays }).toEqual({
      total: SESSIONS,
      retentionDays: 14,
    });
  });

  function productionEnv() {
    return {
      CONVEX_SELF_HOSTED_URL: old.served.url,
      CONVEX_SELF_HOSTED_ADMIN_KEY: old.key(),
      SESSIONS_OPS_PRODUCTION: "yes",
    };
  }
});

describe("a terminal of 40 columns", () => {
  test.each(["status", "list", "runs list", "schedule list"])(
    "%s prints no wider table, and cuts nothing off",
    async (command) => {
      const args = command.split(" ");
      const shown = cli.startInTerminal(args, { columns: 40 });
      const { stdout, exitCode } = await shown.finished;
      expect(exitCode).toBe(0);
      expect(stdout).not.toMatch(/^(SCHEDULE|SESSION|RUN) .*(NEXT|ANON|KIND)/m);
      expect(stdout).not.toContain("…");
    },
    TIMEOUT_MS,
  );

  test(
    "help is wrapped to the width",
    async () => {
      const shown = cli.startInTerminal(["purge", "--help"], { columns: 40 });
      const { stdout } = await shown.finished;
      // Examples are to be copied, and the terminal breaks them.
      const prose = stdout.slice(0, stdout.indexOf("Examples:"));
      for (const line of prose.split("\r\n")) {
        expect(line.length).toBeLessThanOrEqual(40);
      }
    },
    TIMEOUT_MS,
  );
});

describe("status --watch in a terminal of 80 columns", () => {
  test.each([
    { rows: 24, last: /^Live, .* Ctrl-C ends it\.$/, hidden: false },
    { rows: 8, last: /^Live, .* Ctrl-C ends it\.$/, hidden: true },
  ])(
    "and $rows rows shows the first lines and the footer",
    async ({ rows, last, hidden }) => {
      const args = ["status", "--watch"];
      const watching = cli.startInTerminal(args, { columns: 80, rows });
      const drawn = await watching.said("Ctrl-C ends it.");
      const shown = await screenOf(drawn, { cols: 80, rows });
      const whole = cli.startInTerminal(["status"], { columns: 80, rows: 24 });
      const { stdout } = await whole.finished;
      // The screen begins with warnings, or with the deployment where there are none.
      const first = await screenOf(stdout, { cols: 80, rows: 40 });
      expect(shown[0]).toBe(first[0]);
      if (!hidden) {
        expect(shown.join("\n")).toContain("Deployment  http://127.0.0.1:");
      }
      expect(shown.at(-1)).toMatch(last);
      const isCut = /… \d+ more lines than the terminal has rows for\./;
      expect(isCut.test(shown.join("\n"))).toBe(hidden);
      watching.child.stdin?.write("\u0003");
      expect((await watching.finished).exitCode).toBe(0);
    },
    TIMEOUT_MS,
  );

  async function screenOf(
    written: string,
    size: { cols: number; rows: number },
  ): Promise<string[]> {
    const terminal = new Terminal({ ...size, allowProposedApi: true });
    await new Promise<void>((done) => terminal.write(written, done));
    const { active } = terminal.buffer;
    return Array.from({ length: size.rows }, (_, row) =>
      active.getLine(active.viewportY + row)?.translateToString(true),
    ).filter((line) => line !== undefined && line !== "") as string[];
  }
});
