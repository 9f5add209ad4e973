/** Visitors who become users: linked once, by the client's own mutation, however an app signs them in. */
import "./support/dom.js";
import { cleanup, render } from "@testing-library/react";
import { ConvexProviderWithAuth, type ConvexReactClient } from "convex/react";
import { getFunctionName, type FunctionReference } from "convex/server";
import { createElement, StrictMode, useSyncExternalStore } from "react";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  test,
  vi,
} from "vitest";
import {
  SessionTracker,
  useLinkUser,
  type SessionTrackerProps,
} from "../../react/index.js";
import { LiveApp } from "./support/liveApp.js";
import { clientOf, idOf, tracking, under, until } from "./support/rendering.js";

let app: LiveApp;
let client: ConvexReactClient;
/** The mutations that the client made itself. */
let calls: string[];

beforeAll(async () => {
  app = await LiveApp.deploy();
}, 90_000);
afterAll(() => app.remove());
beforeEach(() => {
  client = clientOf(app);
  calls = [];
  const mutate = client.mutation.bind(client) as (
    ...args: unknown[]
  ) => Promise<unknown>;
  vi.spyOn(client, "mutation").mockImplementation((...args) => {
    calls.push(
      getFunctionName(args[0] as FunctionReference<"mutation">).slice(9),
    );
    return mutate(...args);
  });
});
afterEach(() => {
  cleanup();
  localStorage.clear();
});

/** Signs a user in, or out, without a provider. */
function signIn(subject: string | null): void {
  if (subject === null) client.clearAuth();
  else client.setAuth(() => app.userToken(subject));
}

/** A page that links who signs in, and says who its visitor is. */
function open(props: SessionTrackerProps = {}) {
  const tracked = tracking();
  const element = (changed: SessionTrackerProps) =>
    createElement(
      StrictMode,
      null,
      under(
        client,
        createElement(SessionTracker, {
          key: "tracker",
          linkUser: true,
          ...props,
          ...changed,
        }),
        tracked.element,
      ),
    );
  const page = render(element({}));
  return {
    tracked,
    update: (changed: SessionTrackerProps) => page.rerender(element(changed)),
  };
}

const userOf = async (id: string) => (await app.session(id))?.userId;
const linked = (id: string, user: string | undefined) =>
  until(async () => expect(await userOf(id)).toBe(user));
/** Long enough for what must not come. */
const quietSpell = () => new Promise((resolve) => setTimeout(resolve, 400));

describe("without an auth provider", () => {
  test("links who signs in, once, and the next user; nobody is asked while signed out", async () => {
    const { tracked } = open();
    const id = await idOf(tracked);
    await until(() => expect(tracked.last.status).toBe("active"));
    await quietSpell();
    expect(calls).toEqual([]);
    signIn("ada");
    await linked(id, "ada");
    await quietSpell();
    expect(calls).toEqual(["linkSession"]);
    signIn(null);
    await quietSpell();
    expect(await userOf(id)).toBe("ada");
    signIn("bob");
    await linked(id, "bob");
    expect(calls).toEqual(["linkSession", "linkSession"]);
  });

  test("asks again at no other page of a visitor who is linked", async () => {
    signIn("ada");
    const first = open();
    await linked(await idOf(first.tracked), "ada");
    cleanup();
    calls = [];
    const second = open();
    await until(() => expect(second.tracked.last.status).toBe("active"));
    await quietSpell();
    expect(calls).toEqual([]);
  });

  test("links the next visitor of the same user, too", async () => {
    signIn("ada");
    const { tracked } = open();
    const id = await idOf(tracked);
    await linked(id, "ada");
    tracked.last.reset();
    await until(() => expect(tracked.last.anonymousId).not.toBe(id));
    await linked(await idOf(tracked), "ada");
    expect(calls).toEqual(["linkSession", "linkSession"]);
  });

  test("does not link the next visitor to a user whose sign-out is still on its way", async () => {
    signIn("ada");
    const { tracked } = open();
    const id = await idOf(tracked);
    await linked(id, "ada");
    tracked.last.reset();
    await until(() => expect(tracked.last.anonymousId).not.toBe(id));
    const next = await idOf(tracked);
    await until(() => expect(tracked.last.status).toBe("active"));
    await quietSpell();
    signIn(null);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(await userOf(next)).toBeUndefined();
    expect(calls).toEqual(["linkSession"]);
  });

  test("unlinks at the sign-out where that is asked for", async () => {
    const { tracked } = open({ linkUser: { unlinkOnSignOut: true } });
    const id = await idOf(tracked);
    await until(() => expect(tracked.last.status).toBe("active"));
    signIn("ada");
    await linked(id, "ada");
    signIn(null);
    await linked(id, undefined);
    await quietSpell();
    expect(calls).toEqual(["linkSession", "unlinkSession"]);
    signIn("ada");
    await linked(id, "ada");
  });

  test("does nothing without consent, nor for who is revoked", async () => {
    signIn("ada");
    const { tracked, update } = open({ consent: "pending" });
    await until(() => expect(tracked.last.status).toBe("pending"));
    await quietSpell();
    update({ consent: "denied" });
    await quietSpell();
    expect(calls).toEqual([]);
    update({ consent: "granted", linkUser: false });
    const id = await idOf(tracked);
    await until(async () => expect(await app.session(id)).not.toBeNull());
    await app.block(id, "forever");
    cleanup();
    // The next heartbeat is due.
    localStorage.removeItem(`anonymousUserId@${app.url}:beat`);
    const again = open();
    await until(() => expect(again.tracked.last.status).toBe("revoked"));
    await quietSpell();
    expect(await userOf(id)).toBeUndefined();
  });

  test("says what went wrong, and whether it is done", async () => {
    signIn("ada");
    const seen: ReturnType<typeof useLinkUser>[] = [];
    function Linked() {
      seen.push(useLinkUser());
      return null;
    }
    vi.spyOn(client, "mutation").mockRejectedValueOnce(
      new Error("no such user"),
    );
    render(under(client, createElement(Linked)));
    await until(() =>
      expect(seen.at(-1)).toMatchObject({
        isLinked: false,
        error: { message: "no such user" },
      }),
    );
    cleanup();
    render(under(client, createElement(Linked)));
    await until(() =>
      expect(seen.at(-1)).toEqual({ isLinked: true, error: null }),
    );
  });
});

describe("with an auth provider", () => {
  let user: string | null = null;
  let isLoading = false;
  const listeners = new Set<() => void>();
  function change(to: { user?: string | null; isLoading?: boolean }): void {
    ({ user = null, isLoading = false } = to);
    for (const listener of listeners) listener();
  }
  const tokens = new Map<string, () => Promise<string>>();
  function useAuth() {
    const now = useSyncExternalStore(
      (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      () => `${isLoading} ${user}`,
    );
    const fetchAccessToken =
      tokens.get(now) ?? (() => app.userToken(now.split(" ")[1]!));
    tokens.set(now, fetchAccessToken);
    return { isLoading, isAuthenticated: user !== null, fetchAccessToken };
  }

  function openWith(props: SessionTrackerProps) {
    const tracked = tracking();
    render(
      createElement(
        ConvexProviderWithAuth,
        { client, useAuth },
        createElement(SessionTracker, props),
        tracked.element,
      ),
    );
    return tracked;
  }

  test("asks the deployment nothing while nobody is signed in, then links", async () => {
    change({ user: null });
    const watch = vi.spyOn(client, "watchQuery");
    const tracked = openWith({ linkUser: true });
    const id = await idOf(tracked);
    await until(() => expect(tracked.last.status).toBe("active"));
    await quietSpell();
    expect(watch).not.toHaveBeenCalled();
    change({ user: "ada" });
    await linked(id, "ada");
    change({ user: null });
    await quietSpell();
    expect(await userOf(id)).toBe("ada");
    expect(calls).toEqual(["linkSession"]);
  });

  test("unlinks who has signed out on another page, but not while that is loading", async () => {
    change({ user: "ada" });
    const tracked = openWith({ linkUser: true });
    const id = await idOf(tracked);
    await linked(id, "ada");
    cleanup();
    change({ isLoading: true });
    openWith({ linkUser: { unlinkOnSignOut: true } });
    await quietSpell();
    await quietSpell();
    expect(await userOf(id)).toBe("ada");
    change({ user: null });
    await linked(id, undefined);
    expect(calls).toEqual(["linkSession", "unlinkSession"]);
  });
});
