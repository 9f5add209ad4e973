/** The hook by which a page shows its visitors their own visit, on a deployment. */
import "./support/dom.js";
import { cleanup, renderHook } from "@testing-library/react";
import { ConvexHttpClient } from "convex/browser";
import { anyApi } from "convex/server";
import type { ReactNode } from "react";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  useOwnVisit,
  useSessionTracker,
  type SessionTrackerOptions,
} from "../../react/index.js";
import { LiveApp } from "./support/liveApp.js";
import { clientOf, under, until } from "./support/rendering.js";

let app: LiveApp;

beforeAll(async () => {
  app = await LiveApp.deploy();
}, 90_000);
afterAll(() => app.remove());
afterEach(() => {
  cleanup();
  localStorage.clear();
});

/** A page of a visitor that shows their visit. */
function open(options?: SessionTrackerOptions) {
  const client = clientOf(app);
  return renderHook(
    (ownVisit: Parameters<typeof useOwnVisit>[0]) => ({
      ...useSessionTracker(options),
      ...useOwnVisit(ownVisit),
    }),
    {
      wrapper: ({ children }: { children: ReactNode }) =>
        under(client, children),
    },
  );
}

test("shows the visit as it goes on, ends, and is somebody else's", async () => {
  const { result } = open();
  expect(result.current.visit).toBeUndefined();
  await until(() => expect(result.current.visit).toMatchObject({ visits: 1 }));
  expect(result.current.visit).toMatchObject({ actions: 0, why: null });

  result.current.trackUserAction("view");
  await until(() => expect(result.current.visit).toMatchObject({ actions: 1 }));
  const startedAt = result.current.visit?.startedAt;
  await result.current.endSession();
  await until(() => expect(result.current.visit?.why).toBe("ended"));

  result.current.reset();
  await until(() => {
    expect(result.current.visit).toMatchObject({ actions: 0, why: null });
    expect(result.current.visit?.startedAt).not.toBe(startedAt);
  });
});

test("hears at once of a block, and that it is lifted", async () => {
  const { result } = open();
  await until(() => expect(result.current.visit).toBeTruthy());
  const { anonymousId } = result.current;
  await app.block(anonymousId!, { forMs: 3_600_000 });
  await until(() => expect(result.current.status).toBe("revoked"));
  expect(result.current.visit?.blockedUntil).toBeGreaterThan(Date.now());
  result.current.trackUserAction("late");

  await app.block(anonymousId!, "forever");
  await until(() => expect(result.current.visit?.blockedUntil).toBe("forever"));
  expect(result.current.status).toBe("revoked");

  await app.unblock(anonymousId!);
  await until(() => expect(result.current.status).toBe("active"));
  await until(async () =>
    expect(await app.actions(anonymousId!)).toEqual(["late"]),
  );
});

test("does not go on with a block that is over", async () => {
  const { result, unmount } = open();
  await until(() => expect(result.current.visit).toBeTruthy());
  await app.block(result.current.anonymousId!, { forMs: 1 });
  await until(() => expect(result.current.visit?.why).toBe("ended"));
  unmount();
  const again = open();
  await until(() => expect(again.result.current.visit).toBeTruthy());
  await until(() => expect(again.result.current.status).toBe("active"));
});

test("returns the same visit while nothing of it changes", async () => {
  const { result, rerender } = open();
  await until(() => expect(result.current.visit).toBeTruthy());
  const before = result.current.visit;
  const other = new ConvexHttpClient(app.url, { logger: false });
  await other.mutation(anyApi.sessions!.trackSession!, {
    anonymousId: "other",
  });
  rerender(undefined);
  expect(result.current.visit).toBe(before);
});

test("asks nothing without consent", async () => {
  const { result } = open({ consent: "pending" });
  await until(() => expect(result.current.status).toBe("pending"));
  expect(result.current).toMatchObject({ visit: undefined, error: null });
});

test("returns the error of an app that does not export the function", async () => {
  const { result, rerender } = open();
  rerender({
    functions: { getOwnVisit: anyApi.sessions!.notExported! },
  });
  await until(() => expect(result.current.error).toBeInstanceOf(Error));
  expect(result.current.visit).toBeUndefined();
});
