/** `doctor` after the deployment's clock was ahead, and after it fell behind. */
import { expect, test, vi } from "vitest";
import type { DoctorJson } from "../../../cli/json/doctor.js";
import {
  api,
  internal,
} from "../../../convex/sessionTracker/_generated/api.js";
import { NOW, setUpDeployment } from "../support/deployment.js";
import type { FakeTerminal } from "../support/fakeTerminal.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";

/** A deployment with schedules and visitors from when its clock was ahead; now it is right, or behind. */
async function setUpAhead(behindMs = 0) {
  const now = () => Date.now() + behindMs;
  const deployment = setUpDeployment({ now });
  const { component } = deployment;
  vi.setSystemTime(NOW + 10 * DAY_MS);
  await component.mutation(internal.schedules.watchdog.check, {});
  await component.mutation(api.visitors.heartbeat.beat, {
    anonymousId: "anna",
  });
  vi.setSystemTime(NOW - behindMs);
  return deployment;
}

async function times(terminal: FakeTerminal, ...args: string[]) {
  const { stdout } = await terminal.run("doctor", "--json", ...args);
  const { findings } = JSON.parse(stdout) as DoctorJson;
  return findings.find(({ check }) => check === "times");
}

test("--fix sets times in the future to now, and names them", async () => {
  const { terminal, component } = await setUpAhead();
  expect(await times(terminal)).toMatchObject({
    result: "problem",
    message:
      "lie in the future, as late as 2026-08-25 12:00:00 UTC: schedule expire, schedule purge, the watchdog, 1 session. The deployment's clock was ahead when it stored them, or is behind now",
  });
  expect(await times(terminal, "--fix")).toMatchObject({
    result: "fixed",
    message: "of 1 session set to now",
  });
  expect(await times(terminal)).toBeUndefined();
  const { schedules } = await component.query(api.operator.status.get, {});
  expect(schedules.map(({ nextAt }) => nextAt)).toEqual([
    NOW + 15 * 60_000,
    Date.UTC(2026, 7, 16, 2, 30),
  ]);
});

test("times in the future stay where the deployment's clock has fallen behind", async () => {
  const { terminal, component } = await setUpAhead(DAY_MS);
  expect(await times(terminal, "--fix")).toMatchObject({
    result: "problem",
    message: expect.stringContaining(
      "not mended, as this machine's clock is 1 day ahead of the deployment's",
    ) as unknown,
  });
  const found = await component.query(api.operator.futureTimes.look, {});
  expect(found.sessions).toBe(1);
});
