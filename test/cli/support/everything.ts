import { vi } from "vitest";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { NOW, setUpDeployment } from "./deployment.js";
import {
  DAY_MS,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared/times.js";

/** Characters that end a line for some programs, and that JSON need not escape. */
export const LINE_ENDS_TO_SOME = "\u2028\u2029\u0085";

/** Visitors in every state, with metadata of every type. */
export async function setUpEverything() {
  const deployment = setUpDeployment();
  const { component } = deployment;
  const beat = (anonymousId: string) =>
    component.mutation(api.visitors.heartbeat.beat, { anonymousId });
  const act = (anonymousId: string, metadata: unknown, resourceId?: string) =>
    component.mutation(api.visitors.action.record, {
      anonymousId,
      action: "did",
      metadata,
      ...(resourceId === undefined ? {} : { resourceId }),
    });

  vi.setSystemTime(NOW - 3 * DAY_MS);
  await act("expired", { z: 1, a: [null, true, "ü😀"], m: { y: 2, x: 1 } });
  await act("ended", 12345678901234567890n % 2n ** 63n, "/pricing");
  await act("revived", new Uint8Array([0, 255, 7]).buffer);
  // `twice` happens twice at one time, beside another action.
  for (const value of [2, 1, 2]) await act("twice", value);
  await beat("unheard");
  await component.mutation(api.visitors.link.user, {
    anonymousId: "linked",
    userId: "ada",
  });
  vi.setSystemTime(NOW - 2 * DAY_MS);
  await component.mutation(api.visitors.end.visit, {
    anonymousId: "ended",
    reason: "signed out",
  });
  await act("short", [NaN, -Infinity, -0, 0.1, 1e300]);
  await component.mutation(api.visitors.end.visit, {
    anonymousId: "short",
  });
  await component.mutation(api.runs.control.start, {
    kind: "expire",
    actor: "test",
    trigger: "operator",
  });
  vi.setSystemTime(NOW - 5 * MINUTE_MS);
  await beat("revived");
  await act("revived", `again${LINE_ENDS_TO_SOME}`);
  await beat("active");
  // The session is left to run out, and noticed by no run.
  vi.setSystemTime(NOW);
  await component.mutation(api.operator.import.batch, {
    rows: [
      {
        anonymousId: "idle",
        createdAt: NOW - 2 * MINUTE_MS - 0.5,
        lastActive: NOW - MINUTE_MS,
      },
    ],
  });
  return deployment;
}
