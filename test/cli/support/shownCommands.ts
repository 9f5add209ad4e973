/** Commands that a page shows, run by `sh` as they stand there, against sessions of which 300 are due. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";
import { Values, type ShownCommand } from "./consoleBlocks.js";
import type { RealCli } from "./realCli.js";

/** How many of the sessions of `sessionLines` are older than any retention of the pages. */
const OLD_SESSIONS = 300;
const NEW_SESSIONS = 20;

/** Puts the command where `sh` finds it, by itself and by `npx`. */
export function putOnPath(cli: RealCli): void {
  const own = `exec ${cli.inShell([])} "$@"`;
  const texts = { "sessions-ops": own, npx: `shift; ${own}` };
  for (const [name, text] of Object.entries(texts)) {
    writeFileSync(join(cli.folder, name), `#!/bin/sh\n${text}\n`, {
      mode: 0o755,
    });
  }
}

/** Expects that each command prints what is shown of it. */
export async function expectAsShown(
  cli: RealCli,
  commands: ShownCommand[],
): Promise<void> {
  const values = new Values();
  for (const { command, output, line } of commands) {
    const printed = await inShell(cli, values.fillIn(command));
    const isAsShown = values.match(printed, output);
    // Printed and expected stand beside each other, so that the difference can be read.
    const expected = isAsShown ? printed : output;
    expect(printed, `line ${line}: ${command}`).toBe(expected);
  }
}

/** Lines to import: sessions that are due, the oldest 40 days old, and 20 of today, each with an action. */
export function sessionLines(now: number): string {
  const rows = Array.from({ length: OLD_SESSIONS + NEW_SESSIONS }, (_, i) => {
    const isOld = i < OLD_SESSIONS;
    const lastActive = isOld
      ? now - 40 * DAY_MS + Math.floor((i * 25 * DAY_MS) / OLD_SESSIONS)
      : now - 3_600_000;
    return JSON.stringify({
      anonymousId: isOld ? `old-${i}` : `new-${i - OLD_SESSIONS}`,
      createdAt: lastActive,
      lastActive,
      actions: [{ at: lastActive, action: "view", resourceId: "home" }],
    });
  });
  return `${rows.join("\n")}\n`;
}

/** The output of a command at a terminal's end, where there is no terminal. */
async function inShell(cli: RealCli, command: string): Promise<string> {
  const line = `PATH=.:$PATH; ${command}`;
  const running = cli.startLine(`{ ${line}\n} 2>&1`);
  return (await running.finished).stdout;
}
