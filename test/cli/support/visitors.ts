/** Visitors of a tracked app, as the commands for people find them. */
import { vi } from "vitest";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import {
  DAY_MS,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared/times.js";
import { NOW, setUpDeployment } from "../support/deployment.js";

/** `idle` was seen 31 minutes ago and no run has come by; `busy` acted a minute ago. */
export async function setUpThreeVisitors() {
  const deployment = setUpDeployment();
  const { component } = deployment;
  const visit = (anonymousId: string, action: string) =>
    component.mutation(api.visitors.action.record, { anonymousId, action });
  vi.setSystemTime(NOW - 31 * MINUTE_MS);
  await visit("idle", "view");
  await component.mutation(api.visitors.heartbeat.beat, {
    anonymousId: "left",
  });
  await component.mutation(api.visitors.end.visit, {
    anonymousId: "left",
    reason: "logout",
  });
  vi.setSystemTime(NOW - MINUTE_MS);
  await visit("busy", "open");
  await visit("busy", "click");
  vi.setSystemTime(NOW);
  return deployment;
}

/** Visitors seen 3 days, 31 minutes and a minute ago; `left` ended an hour ago. */
export async function setUpFourVisitors(overrides = {}) {
  const deployment = setUpDeployment(overrides);
  const { component } = deployment;
  const visit = async (anonymousId: string, agoMs: number) => {
    vi.setSystemTime(NOW - agoMs);
    await component.mutation(api.visitors.action.record, {
      anonymousId,
      action: "view",
    });
  };
  await visit("old", 3 * DAY_MS);
  await visit("left", 60 * MINUTE_MS);
  await component.mutation(api.visitors.end.visit, { anonymousId: "left" });
  await visit("idle", 31 * MINUTE_MS);
  await visit("busy", MINUTE_MS);
  await component.mutation(api.visitors.link.user, {
    anonymousId: "busy",
    userId: "ada",
  });
  vi.setSystemTime(NOW);
  return deployment;
}
