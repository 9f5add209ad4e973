import { expect, test } from "vitest";
import type { EndJson, ShowJson } from "../../../cli/json/session.js";
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
