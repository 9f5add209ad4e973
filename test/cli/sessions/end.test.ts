import { describe, expect, test, vi } from "vitest";
import type {
  EndJson,
  ListJson,
  SessionJson,
  ShowJson,
  UnblockJson,
} from "../../../cli/json/session.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import {
  DAY_MS,
  HOUR_MS,
} from "../../../convex/sessionTracker/shared/times.js";
import { expectInvariants } from "../../convex/support/rows.js";
import { setUpFourVisitors } from "../support/visitors.js";

test("end ends a session by either id, once", async () => {
  const { terminal, component } = await setUpFourVisitors();
  const ended = await terminal.json<EndJson>(
    ...["end", "busy", "--reason", "shared computer"],
  );
  expect(ended).toMatchObject({ ended: true, state: "ended" });
  const shown = await terminal.json<ShowJson>("show", "busy");
  expect(shown.endReason).toBe("shared computer");
  const again = await terminal.run("end", ended.sessionId);
  expect(again).toMatchObject({
    exitCode: 0,
    stdout: `Session ${ended.sessionId} is ended.\n`,
    stderr: expect.stringContaining("nothing was changed") as string,
  });
  await expectInvariants(component);
});

describe("end --block", () => {
  test("keeps the visitor away for the time, and all commands say until when", async () => {
    const { terminal, component } = await setUpFourVisitors();
    const until = "2026-08-16T12:00:00.000Z";
    const line = ["end", "busy", "--block", "24h", "--reason", "abuse"];
    const ended = await terminal.json<EndJson>(...line);
    expect(ended).toMatchObject({
      ended: true,
      state: "ended",
      blockedUntil: until,
    });
    const visitor = { anonymousId: "busy" };
    expect(
      await component.mutation(api.visitors.heartbeat.beat, visitor),
    ).toEqual({ ok: false, reason: "revoked", retryAfterMs: DAY_MS });
    const shown = await terminal.json<ShowJson>("show", "busy");
    expect(shown).toMatchObject({ endReason: "abuse", blockedUntil: until });
    expect((await terminal.run("show", "busy")).stdout).toContain(
      "Blocked       until 2026-08-16 12:00:00 UTC\n",
    );
    const { sessions } = await terminal.json<ListJson>("list");
    expect(blocked(sessions)).toEqual([until]);
    const listed = await terminal.run("list");
    expect(listed.stdout).toMatch(/ BLOCKED\n/);
    expect(listed.stdout).toMatch(/ until 2026-08-16 12:00:00 UTC\n/);
    vi.setSystemTime(Date.now() + 25 * HOUR_MS);
    expect((await terminal.run("list")).stdout).not.toContain("BLOCKED");
    await expectInvariants(component);
  });

  test("also of a session that has ended, for good, until unblock", async () => {
    const { terminal, component } = await setUpFourVisitors();
    const { stdout, stderr } = await terminal.run(
      ...["end", "left", "--block", "forever"],
    );
    expect(stdout).toMatch(/^Session \S+ is ended and blocked for good\.\n$/);
    expect(stderr).toContain("`sessions-ops unblock ");
    expect(stderr).not.toContain("nothing was changed");
    const visitor = { anonymousId: "left" };
    const beat = () => component.mutation(api.visitors.heartbeat.beat, visitor);
    expect(await beat()).toEqual({ ok: false, reason: "revoked" });
    // An end without a block leaves it as it is.
    expect(await terminal.json<EndJson>("end", "left")).toMatchObject({
      ended: false,
      blockedUntil: "forever",
    });
    const lifted = await terminal.json<UnblockJson>("unblock", "left");
    expect(lifted).toMatchObject({ unblocked: true, state: "ended" });
    expect(await beat()).toMatchObject({ ok: true });
    const again = await terminal.run("unblock", lifted.sessionId);
    expect(again).toMatchObject({
      exitCode: 0,
      stdout: `Session ${lifted.sessionId} is not blocked.\n`,
      stderr: expect.stringContaining("nothing was changed") as string,
    });
  });

  test.each(["soon", "0m", "24", "-1h", ""])(
    "%j is refused, and the session goes on",
    async (time) => {
      const { terminal } = await setUpFourVisitors();
      const { exitCode, stderr } = await terminal.run(
        ...["end", "busy", `--block=${time}`],
      );
      expect([exitCode, stderr]).toEqual([
        2,
        expect.stringContaining("Give 45m, 24h or 30d, or forever."),
      ]);
      const shown = await terminal.json<ShowJson>("show", "busy");
      expect(shown.state).toBe("active");
    },
  );

  test("for longer than a hundred years is refused by its number", async () => {
    const { terminal } = await setUpFourVisitors();
    const long = await terminal.run("end", "busy", "--block", "40000d");
    expect(long).toMatchObject({ exitCode: 2 });
    expect(long.stderr).toContain("block.forMs");
  });

  test("of nobody fails, as does unblock", async () => {
    const { terminal } = await setUpFourVisitors();
    for (const line of [
      ["end", "nobody", "--block", "1h"],
      ["unblock", "nobody"],
    ]) {
      expect(await terminal.run(...line)).toMatchObject({ exitCode: 1 });
    }
  });
});

function blocked(sessions: SessionJson[]): string[] {
  return sessions.flatMap(({ blockedUntil }) => blockedUntil ?? []);
}
