/** Times by the deployment's clock, on a machine whose own is ten days ahead. */
import { expect, test } from "vitest";
import {
  api,
  internal,
} from "../../../convex/sessionTracker/_generated/api.js";
import { NOW, setUpDeployment } from "../support/deployment.js";
import {
  DAY_MS,
  HOUR_MS,
} from "../../../convex/sessionTracker/shared/times.js";

async function setUpAhead() {
  const deployment = setUpDeployment({ now: () => Date.now() + 10 * DAY_MS });
  const { component } = deployment;
  await component.mutation(internal.schedules.watchdog.check, {});
  await component.mutation(api.operator.import.batch, {
    rows: [
      { anonymousId: "of-today", createdAt: 0, lastActive: NOW - 3 * HOUR_MS },
      { anonymousId: "of-may", createdAt: 0, lastActive: NOW - 90 * DAY_MS },
    ],
  });
  return deployment;
}

test.each([
  [["retention"], /2026-08-01 12:00:00 UTC .* 14 days ago/],
  [["settings", "get"], /2026-08-01 12:00:00 UTC .* 14 days ago/],
  [["retention", "20"], /2026-07-26 12:00:00 UTC .* 20 days ago/],
  [
    ["settings", "set", "pageSize=500"],
    /2026-08-01 12:00:00 UTC .* 14 days ago/,
  ],
  [["schedule", "list"], /in 14 hours/],
  [["schedule", "preview", "purge"], /in 14 hours/],
  [["schedule", "set", "purge", "30 2 * * *"], /in 14 hours/],
  [["doctor"], /ok +watchdog/],
] as const)(
  "%j reckons by the deployment's clock: %s",
  async (command, says) => {
    const { terminal } = await setUpAhead();
    const { stdout, stderr } = await terminal.run(...command);
    expect(stdout + stderr).toMatch(says);
  },
);

test("list --active-within counts back from the deployment's time", async () => {
  const { terminal } = await setUpAhead();
  expect(await terminal.json("list", "--active-within", "1d")).toMatchObject({
    sessions: [{ anonymousId: "of-today" }],
  });
});

test("an import judges ages by the deployment's clock", async () => {
  const { terminal } = await setUpAhead();
  terminal.write(
    "rows.jsonl",
    `${JSON.stringify({ anonymousId: "new", createdAt: 0, lastActive: NOW - 7 * DAY_MS })}\n`,
  );
  expect(await terminal.json("import", "rows.jsonl")).toMatchObject({
    rows: 1,
    olderThanRetention: 0,
  });
});
