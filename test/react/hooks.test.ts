import { asksBeforeLeaving, setVisibility } from "./support/dom.js";
import {
  act,
  cleanup,
  render,
  renderHook,
  waitFor,
} from "@testing-library/react";
import { anyApi } from "convex/server";
import {
  createElement,
  StrictMode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useState,
  type ReactElement,
  type ReactNode,
} from "react";
import { hydrateRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from "vitest";
import {
  SessionTracker,
  useActiveSessions,
  useAnonymousId,
  useSessionTracker,
} from "../../react/index.js";
import { followCalls, type Calls } from "./support/calls.js";
import { LiveApp } from "./support/liveApp.js";
import { clientOf, idOf, tracking, under, until } from "./support/rendering.js";

let app: LiveApp;
let calls: Calls;
/** Names of the mutations that were sent over HTTP. */
let sent: string[];

beforeAll(async () => {
  app = await LiveApp.deploy();
}, 90_000);
afterAll(() => app.remove());

beforeEach(() => {
  localStorage.clear();
  calls = followCalls(app);
  ({ sent } = calls);
});

afterEach(async () => {
  cleanup();
  await calls.settled();
  vi.unstubAllGlobals();
});

const newClient = () => clientOf(app);

describe("hooks and components of a page", () => {
  test("share one id, one loop and one heartbeat, in StrictMode too", async () => {
    const before = tracking();
    const after = tracking();
    function Id() {
      return useAnonymousId();
    }
    const { container } = render(
      createElement(
        StrictMode,
        null,
        under(
          newClient(),
          before.element,
          createElement(Id),
          createElement(SessionTracker, { storageKey: "x" }),
          after.element,
        ),
      ),
    );
    await until(() => expect(before.last.status).toBe("active"));
    await until(() => expect(sent).toEqual(["trackSession"]));
    const { anonymousId } = before.last;
    await until(() => {
      expect(after.last.anonymousId).toBe(anonymousId);
      expect(container.textContent).toBe(anonymousId);
    });
    expect(localStorage.getItem("x")).toBe(anonymousId);
    expect(localStorage.getItem("anonymousUserId")).toBeNull();
    await until(async () => {
      expect(await app.session(anonymousId!)).toMatchObject({
        state: "active",
      });
    });
    expect(sent).toEqual(["trackSession"]);
  });

  test("share them also where the component is mounted later than the hook", async () => {
    const client = newClient();
    const bare = tracking();
    const tree = (isLate: boolean) =>
      createElement(
        StrictMode,
        null,
        under(
          client,
          bare.element,
          isLate && createElement(SessionTracker, { storageKey: "x" }),
        ),
      );
    const { rerender } = render(tree(false));
    await until(() => expect(sent).toEqual(["trackSession"]));
    const alone = await idOf(bare);
    rerender(tree(true));
    await until(() => expect(localStorage.getItem("x")).not.toBeNull());
    await until(() =>
      expect(bare.last.anonymousId).toBe(localStorage.getItem("x")),
    );
    expect(bare.last.anonymousId).not.toBe(alone);
    await until(() => expect(sent).toEqual(["trackSession", "trackSession"]));

    // The component is gone again: the hook stays with its key, and so do hooks that come now.
    rerender(tree(false));
    const next = tracking();
    render(under(client, next.element));
    await until(() =>
      expect(next.last.anonymousId).toBe(localStorage.getItem("x")),
    );
    bare.last.trackUserAction("click");
    const { anonymousId } = next.last;
    await until(async () =>
      expect(await app.actions(anonymousId!)).toEqual(["click"]),
    );
  });

  test("follow a key that changes, with one visitor and one loop", async () => {
    const client = newClient();
    const bare = tracking();
    const tree = (storageKey: string) =>
      under(
        client,
        bare.element,
        createElement(SessionTracker, { storageKey }),
      );
    const { rerender } = render(tree("a"));
    await until(() => expect(sent).toEqual(["trackSession"]));
    rerender(tree("b"));
    await until(() => expect(sent).toEqual(["trackSession", "trackSession"]));
    await until(() =>
      expect(bare.last.anonymousId).toBe(localStorage.getItem("b")),
    );
    // The key is changed back at once.
    rerender(tree("a"));
    await until(() =>
      expect(bare.last.anonymousId).toBe(localStorage.getItem("a")),
    );
  });

  test("read no storage again where they are only rendered again", async () => {
    const client = newClient();
    function Tracked() {
      // The option has new objects and functions each time, as in most apps.
      useSessionTracker({ consent: "granted", beforeSend: (each) => each });
      return null;
    }
    const tree = () => under(client, createElement(Tracked));
    const { rerender } = render(tree());
    await until(() => expect(sent).toEqual(["trackSession"]));
    const prototype = Object.getPrototypeOf(localStorage) as Storage;
    const getItem = vi.spyOn(prototype, "getItem");
    onTestFinished(() => getItem.mockRestore());
    for (let n = 0; n < 5; n += 1) rerender(tree());
    expect(getItem).not.toHaveBeenCalled();
  });

  test("record the actions of a component that is unmounted at once", async () => {
    let ended: Promise<void> | undefined;
    function Brief({ leave }: { leave: () => void }) {
      const { trackUserAction, endSession } = useSessionTracker();
      useLayoutEffect(() => {
        trackUserAction("came");
        ended = endSession();
        leave();
      }, [trackUserAction, endSession, leave]);
      return null;
    }
    function Parent() {
      const [isThere, setIsThere] = useState(true);
      const leave = useCallback(() => setIsThere(false), []);
      return isThere ? createElement(Brief, { leave }) : null;
    }
    const tracked = tracking();
    render(under(newClient(), createElement(Parent), tracked.element));
    await ended;
    const anonymousId = await idOf(tracked);
    await until(async () =>
      expect(await app.actions(anonymousId)).toEqual(["came"]),
    );
  });

  test("with keys of their own are visitors of their own", async () => {
    const first = tracking({ storageKey: "a" });
    const second = tracking({ storageKey: "b" });
    render(under(newClient(), first.element, second.element));
    await until(() => expect(sent).toHaveLength(2));
    await until(() => expect(second.last.status).toBe("active"));
    expect(await idOf(first)).not.toBe(await idOf(second));
  });

  test("throw nothing into an app whose client is closed", async () => {
    const client = newClient();
    await client.close();
    const tracked = tracking();
    render(under(client, tracked.element));
    await until(() => expect(tracked.last.anonymousId).not.toBeNull());
    expect(tracked.last).toMatchObject({ status: "starting", error: null });
  });

  test("record actions from the first effect on, each once and in order", async () => {
    const tracked = tracking();
    function Child() {
      const { trackUserAction } = useSessionTracker();
      useEffect(
        () => trackUserAction("mounted", { metadata: { page: 1 } }),
        [trackUserAction],
      );
      return null;
    }
    render(under(newClient(), createElement(Child), tracked.element));
    for (let n = 1; n <= 5; n += 1) tracked.last.trackUserAction(`click ${n}`);
    await until(async () => {
      const { anonymousId } = tracked.last;
      expect(await app.actions(anonymousId ?? "none")).toEqual([
        "mounted",
        ...[1, 2, 3, 4, 5].map((n) => `click ${n}`),
      ]);
    });
  });

  test("keep id and loop over an unmount, and start again without a mutation", async () => {
    const client = newClient();
    const tracked = tracking();
    const { rerender } = render(under(client, tracked.element));
    await until(() => expect(sent).toEqual(["trackSession"]));
    const anonymousId = await idOf(tracked);
    rerender(under(client));
    const again = tracking();
    rerender(under(client, again.element));
    await until(() => expect(again.last.anonymousId).toBe(anonymousId));
    await until(() => expect(again.last.status).toBe("active"));
    expect(sent).toEqual(["trackSession"]);
  });

  test("end, start anew and forget sessions on the server", async () => {
    const tracked = tracking();
    const client = newClient();
    const { rerender } = render(under(client, tracked.element));
    await until(() => expect(sent).toEqual(["trackSession"]));
    const first = await idOf(tracked);
    await act(() => tracked.last.endSession());
    expect(await app.session(first)).toMatchObject({ state: "ended" });
    await until(() => expect(tracked.last.status).toBe("ended"));

    act(() => tracked.last.reset());
    await until(() => expect(tracked.last.status).toBe("active"));
    const second = tracked.last.anonymousId!;
    expect(second).not.toBe(first);
    await until(async () => {
      expect(await app.session(second)).toMatchObject({ state: "active" });
    });

    const denied = { consent: "denied", forgetOnDenied: true } as const;
    rerender(
      under(client, tracked.element, createElement(SessionTracker, denied)),
    );
    await until(async () => expect(await app.session(second)).toBeNull());
    await until(() => {
      expect(tracked.last).toMatchObject({
        status: "denied",
        anonymousId: null,
      });
      // The item is removed once the deployment's answer has arrived.
      expect(Object.keys(localStorage)).toEqual([]);
    });
  });

  test("are not rendered again when the page is hidden and shown", async () => {
    const tracked = tracking();
    render(under(newClient(), tracked.element));
    await until(() => expect(sent).toEqual(["trackSession"]));
    await until(() => expect(tracked.last.status).toBe("active"));
    const renders = tracked.seen.length;
    for (let n = 0; n < 5; n += 1) {
      act(() => setVisibility("hidden"));
      act(() => setVisibility("visible"));
    }
    expect(tracked.seen.length).toBe(renders);
    expect(sent).toEqual(["trackSession"]);
  });

  test("work where storage is blocked", async () => {
    for (const name of ["localStorage", "sessionStorage"] as const) {
      const descriptor = Object.getOwnPropertyDescriptor(globalThis, name)!;
      onTestFinished(() => {
        Object.defineProperty(globalThis, name, descriptor);
      });
      Object.defineProperty(globalThis, name, {
        configurable: true,
        get: () => {
          throw new DOMException("blocked", "SecurityError");
        },
      });
    }
    const tracked = tracking();
    render(under(newClient(), tracked.element));
    await until(() => expect(sent).toEqual(["trackSession"]));
    await until(() =>
      expect(tracked.last).toMatchObject({ status: "active", error: null }),
    );
  });

  test("call the functions they are given", async () => {
    const functions = { trackSession: anyApi.sessions!.endSession! };
    const tracked = tracking({ functions });
    render(under(newClient(), tracked.element));
    await until(() => expect(sent).toEqual(["endSession"]));
  });
});

describe("a hook in a prerendered page", () => {
  test("stores, sends and shows nothing before the page is opened, and then all of it once", async () => {
    Object.assign(document, { prerendering: true });
    onTestFinished(() => void Object.assign(document, { prerendering: false }));
    const hook = tracking({ storageKey: "prerendered" });
    const tree = under(newClient(), hook.element, createElement(Clicks));
    render(tree);
    await act(() => new Promise((resolve) => setTimeout(resolve, 500)));
    expect(hook.last).toMatchObject({ anonymousId: null, status: "starting" });
    expect(sent).toEqual([]);
    expect(Object.keys(localStorage).join()).not.toContain("prerendered");
    Object.assign(document, { prerendering: false });
    const opened = new window.Event("prerenderingchange");
    act(() => void window.dispatchEvent(opened));
    const anonymousId = await idOf(hook);
    await until(async () => {
      expect(await app.actions(anonymousId)).toEqual(["click"]);
    });
    await until(() => expect(sent.toSorted()).toContain("trackSession"));
    expect(sent).toHaveLength(2);
  });

  function Clicks() {
    const { trackUserAction } = useSessionTracker();
    useEffect(() => trackUserAction("click"), [trackUserAction]);
    return null;
  }
});

describe("leaving the page", () => {
  test("does not ask while a heartbeat and an action are under way", async () => {
    const client = newClient();
    const arrived: string[] = [];
    vi.stubGlobal("fetch", (_url: string, init: RequestInit) => {
      arrived.push(init.body as string);
      return new Promise(() => {});
    });
    const tracked = tracking();
    render(under(client, tracked.element));
    await until(() => expect(arrived).toHaveLength(1));
    tracked.last.trackUserAction("click");
    expect(client.connectionState().inflightMutations).toBe(0);
    expect(asksBeforeLeaving()).toBe(false);

    // The check works: a mutation of the client itself does make it ask.
    const own = client.mutation(anyApi.sessions!.trackSession!, {
      anonymousId: "visitor-of-the-app-itself",
    });
    expect(asksBeforeLeaving()).toBe(true);
    await own;
  });
});

describe("a deployment that restarts", () => {
  test(
    "gets the calls of the meantime once, and none waits in the client",
    { timeout: 60_000 },
    async () => {
      const client = newClient();
      const tracked = tracking();
      render(under(client, tracked.element));
      await until(() => expect(sent).toEqual(["trackSession"]));
      const restart = await app.stop();
      await until(() => expect(tracked.last.status).toBe("offline"));
      tracked.last.trackUserAction("one");
      tracked.last.trackUserAction("two");
      await act(() => Promise.resolve());
      expect(client.connectionState().inflightMutations).toBe(0);
      expect(sent).toEqual(["trackSession"]);
      await restart();
      await waitFor(
        async () => {
          expect(await app.actions(tracked.last.anonymousId!)).toEqual([
            "one",
            "two",
          ]);
        },
        // The client itself waits up to 16 s before it tries to connect again.
        { timeout: 50_000, interval: 50 },
      );
      expect(sent).toEqual([
        "trackSession",
        "trackUserAction",
        "trackUserAction",
      ]);
      await until(() => expect(tracked.last.status).toBe("active"));
    },
  );
});

describe("a hook on the server", () => {
  test("renders without a browser, and hydrates without a warning", async () => {
    const errors = vi.spyOn(console, "error");
    const client = newClient();
    function Page(): ReactElement {
      const { anonymousId, status } = useSessionTracker();
      return createElement("p", null, `${anonymousId ?? "nobody"} ${status}`);
    }
    const page = createElement(
      StrictMode,
      null,
      under(client, createElement(Page), createElement(SessionTracker)),
    );
    // The visitor is known to the browser and not to the server.
    localStorage.setItem("anonymousUserId", "user123");
    const html = renderToString(page);
    expect(html).toBe("<p>nobody starting</p>");

    const container = document.createElement("div");
    container.innerHTML = html;
    const mismatches: unknown[] = [];
    const root = await act(() =>
      Promise.resolve(
        hydrateRoot(container, page, {
          onRecoverableError: (error) => mismatches.push(error),
        }),
      ),
    );
    await until(() => expect(container.textContent).toBe("user123 active"));
    act(() => root.unmount());
    expect(mismatches).toEqual([]);
    expect(errors).not.toHaveBeenCalled();
  });
});

test("a hook without a ConvexProvider throws an error that says so", () => {
  expect(() => renderToString(createElement(SessionTracker))).toThrow(
    "No ConvexProvider",
  );
});

describe("useActiveSessions", () => {
  test("returns the reason of a refusal, and the sessions live where they are permitted", async () => {
    const client = newClient();
    const wrapper = ({ children }: { children: ReactNode }) =>
      under(client, children);
    const { result } = renderHook(() => useActiveSessions({ limit: 1_000 }), {
      wrapper,
    });
    expect(result.current).toEqual({ sessions: undefined, error: null });
    await until(() => expect(result.current.error).toBeInstanceOf(Error));
    expect(result.current.error?.message).toContain(
      "authorize did not return true",
    );

    const token = await app.adminToken();
    client.setAuth(() => Promise.resolve(token));
    await until(() => expect(result.current.sessions).toBeInstanceOf(Array));
    const before = result.current.sessions!.length;

    const visitor = newClient();
    const tracked = tracking();
    render(under(visitor, tracked.element));
    await until(() => expect(result.current.sessions).toHaveLength(before + 1));
    expect(result.current.error).toBeNull();
    expect(JSON.stringify(result.current)).not.toContain(await idOf(tracked));
  });
});
