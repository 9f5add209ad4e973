/** Ids of one visitor, as `show`, `end` and `forget` take them. */
import { expect, test } from "vitest";
import type { ShowJson } from "../../../cli/json/session.js";
import { expectInvariants } from "../../convex/support/rows.js";
import { seedExpired } from "../../convex/support/runKit.js";
import { NOW } from "../support/deployment.js";
import { setUpFourVisitors } from "../support/visitors.js";

test.each(["end", "forget", "show"])(
  "%s of somebody who is not there says so",
  async (command) => {
    const { terminal } = await setUpFourVisitors();
    const { exitCode, stderr } = await terminal.run(command, "nobody");
    expect(exitCode).toBe(1);
    expect(stderr).toContain('sessionId or anonymousId "nobody"');
  },
);

test.each(["show", "end", "forget"])(
  "%s of an id that is one visitor's sessionId and another's anonymousId asks which",
  async (command) => {
    const { terminal, component } = await setUpFourVisitors();
    const { sessionId } = await terminal.json<ShowJson>("show", "busy");
    await seedExpired(component, [{ anonymousId: sessionId, lastActive: NOW }]);
    const args = command === "forget" ? ["--confirm", sessionId] : [];
    const { exitCode, stderr } = await terminal.run(
      ...[command, sessionId, ...args],
    );
    expect(exitCode).toBe(2);
    expect(stderr).toContain("--session-id");
    expect(stderr).toContain("--anonymous-id");
    await expectInvariants(component);

    type Found = { sessionId: string; anonymousId: string };
    const other = await terminal.json<Found>(
      ...[command, sessionId, ...args, "--anonymous-id"],
    );
    expect(other.anonymousId).toBe(sessionId);
    const busy = await terminal.json<Found>(
      ...[command, sessionId, ...args, "--session-id"],
    );
    expect(busy.anonymousId).toBe("busy");
  },
);

test("forget and end say by which id they found the session", async () => {
  const { terminal } = await setUpFourVisitors();
  const { sessionId } = await terminal.json<ShowJson>("show", "busy");
  expect((await terminal.run("end", "busy")).stderr).toContain(
    "Found by its anonymousId",
  );
  const { stderr } = await terminal.run(
    ...["forget", sessionId, "--confirm", sessionId],
  );
  expect(stderr).toContain("Found by its sessionId");
});
