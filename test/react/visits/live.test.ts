import "../support/dom.js";
import { cleanup, render } from "@testing-library/react";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { followCalls } from "../support/calls.js";
import { LiveApp } from "../support/liveApp.js";
import {
  clientOf,
  idOf,
  tracking,
  under,
  until,
} from "../support/rendering.js";

let app: LiveApp;

beforeAll(async () => {
  app = await LiveApp.deploy();
}, 90_000);
afterAll(() => app.remove());

test("the component keeps what a page measured and told of its visit", async () => {
  localStorage.clear();
  const calls = followCalls(app);
  const tracked = tracking({ visit: (facts) => ({ ...facts, path: "/cut" }) });
  render(under(clientOf(app), tracked.element));
  const anonymousId = await idOf(tracked);
  await until(() => expect(calls.sent).toEqual(["trackSession"]));
  await calls.settled();
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  await tracked.last.endSession();
  await until(async () => {
    expect(await app.session(anonymousId)).toMatchObject({ state: "ended" });
  });
  const session = await app.session(anonymousId);
  expect(session).toMatchObject({
    lastVisit: {
      why: "ended",
      entry: { path: "/cut", device: "desktop" },
      exitPath: "/cut",
    },
  });
  const { startedAt, endedAt, engagedMs } = session!.lastVisit!;
  expect(engagedMs).toBeGreaterThan(2_000);
  expect(engagedMs).toBeLessThanOrEqual(endedAt - startedAt);
  cleanup();
  await calls.settled();
  vi.unstubAllGlobals();
});
