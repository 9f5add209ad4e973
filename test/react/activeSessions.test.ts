/**
 * Sessions that are active now: an answer of the deployment, and the time that has passed since it
 * came.
 */
import "./support/dom.js";
import { cleanup, renderHook } from "@testing-library/react";
import { ConvexHttpClient } from "convex/browser";
import { anyApi } from "convex/server";
import type { ReactNode } from "react";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ActiveSession } from "../../client/index.js";
import { useActiveSessions } from "../../react/index.js";
import { stillActive } from "../../react/stillActive.js";
import { LiveApp } from "./support/liveApp.js";
import { clientOf, under, until } from "./support/rendering.js";

const MINUTE_MS = 60_000;

describe("useActiveSessions on a deployment", () => {
  let app: LiveApp;

  beforeAll(async () => {
    app = await LiveApp.deploy();
  }, 90_000);
  afterAll(() => app.remove());
  afterEach(cleanup);

  async function adminClient() {
    const client = clientOf(app);
    const token = await app.adminToken();
    client.setAuth(() => Promise.resolve(token));
    return {
      wrapper: ({ children }: { children: ReactNode }) =>
        under(client, children),
    };
  }

  async function visit(anonymousId: string) {
    const visitor = new ConvexHttpClient(app.url, { logger: false });
    await visitor.mutation(anyApi.sessions!.trackSession!, { anonymousId });
  }

  test("drops sessions whose window has passed, though nothing is written", async () => {
    const seen: number[] = [];
    const { result } = renderHook(
      () => {
        const active = useActiveSessions({ minutesActive: 4_000 / MINUTE_MS });
        if (active.sessions) seen.push(active.sessions.length);
        return active;
      },
      await adminClient(),
    );
    await until(() => expect(result.current.sessions).toEqual([]));
    await visit("passes-by");
    await until(() => expect(seen).toContain(1));
    await until(() => expect(result.current.sessions).toEqual([]));
    expect(result.current.error).toBeNull();
  });

  test("returns the same object while nothing changes", async () => {
    const { result, rerender } = renderHook(
      () => useActiveSessions(),
      await adminClient(),
    );
    await visit("stays");
    await until(() => expect(result.current.sessions).not.toHaveLength(0));
    const before = result.current;
    rerender();
    expect(result.current).toBe(before);
  });

  test("ignores options that are null", async () => {
    const options = { minutesActive: null, limit: null, functions: null };
    const { result } = renderHook(
      () => useActiveSessions(options as object),
      await adminClient(),
    );
    await until(() => expect(result.current.sessions).toBeInstanceOf(Array));
    expect(result.current.error).toBeNull();
  });
});

describe("stillActive", () => {
  const WINDOW_MS = 15 * MINUTE_MS;

  function session(sessionId: string, inactiveForMs: number): ActiveSession {
    return {
      sessionId,
      createdAt: 0,
      lastActive: 0,
      inactiveForMs,
      visits: 1,
      actionCount: 0,
    };
  }
  const ids = (found: { sessions: ActiveSession[] | undefined }) =>
    found.sessions?.map(({ sessionId }) => sessionId);

  test("keeps each session until its window has passed, and no longer", () => {
    const answer = [session("new", 0), session("old", 10 * MINUTE_MS)];
    const first = stillActive(answer, WINDOW_MS, 1_000);
    expect(first).toEqual({ sessions: answer, nextInMs: 5 * MINUTE_MS });
    expect(first.sessions).toBe(answer);
    const justBefore = stillActive(answer, WINDOW_MS, 999 + 5 * MINUTE_MS);
    expect(justBefore).toEqual({ sessions: answer, nextInMs: 1 });
    const later = stillActive(answer, WINDOW_MS, 1_000 + 5 * MINUTE_MS);
    expect(ids(later)).toEqual(["new"]);
    expect(later.nextInMs).toBe(10 * MINUTE_MS);
    const last = stillActive(answer, WINDOW_MS, 1_000 + WINDOW_MS);
    expect(last).toEqual({ sessions: [], nextInMs: Infinity });
  });

  test("counts from when an answer was first seen, by any component", () => {
    const answer = [session("one", 0)];
    stillActive(answer, WINDOW_MS, 0);
    // Another component is mounted; the client gives it the answer that it has.
    expect(stillActive(answer, WINDOW_MS, WINDOW_MS).sessions).toEqual([]);
    expect(stillActive(answer, 2 * WINDOW_MS, WINDOW_MS).nextInMs).toBe(
      WINDOW_MS,
    );
  });

  test("keeps sessions without an age, as an app's own function may return them", () => {
    const { inactiveForMs: _, ...row } = session("one", 0);
    const answer = [row as ActiveSession];
    stillActive(answer, WINDOW_MS, 0);
    const found = stillActive(answer, WINDOW_MS, 100 * WINDOW_MS);
    expect(found).toEqual({ sessions: answer, nextInMs: Infinity });
  });

  test("has no session while the answer is awaited", () => {
    expect(stillActive(undefined, WINDOW_MS, 0)).toEqual({
      sessions: undefined,
      nextInMs: Infinity,
    });
  });
});
