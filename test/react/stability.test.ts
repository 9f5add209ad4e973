/**
 * Hooks as React sees them: which objects stay the same, what a first render shows, which props are
 * ignored.
 */
import "./support/dom.js";
import { act, cleanup, render } from "@testing-library/react";
import {
  createContext,
  createElement,
  lazy,
  Suspense,
  useContext,
  useEffect,
  type ComponentProps,
  type ComponentType,
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
  test,
  vi,
} from "vitest";
import {
  SessionTracker,
  useAnonymousId,
  useSessionTracker,
  type SessionTracking,
} from "../../react/index.js";
import { followCalls, type Calls } from "./support/calls.js";
import { LiveApp } from "./support/liveApp.js";
import { clientOf, tracking, under, until } from "./support/rendering.js";

let app: LiveApp;
let calls: Calls;

beforeAll(async () => {
  app = await LiveApp.deploy();
}, 90_000);
afterAll(() => app.remove());

beforeEach(() => {
  localStorage.clear();
  calls = followCalls(app);
});
afterEach(async () => {
  cleanup();
  await calls.settled();
  vi.unstubAllGlobals();
});

const newClient = () => clientOf(app);

type Props = ComponentProps<typeof SessionTracker>;

describe("the value of a hook", () => {
  test("is the same object while nothing has changed, so that an effect with it does not run again", async () => {
    const client = newClient();
    let runs = 0;
    const seen = new Set<SessionTracking>();
    function Page() {
      const tracked = useSessionTracker();
      seen.add(tracked);
      useEffect(() => {
        if (tracked.status !== "active") return;
        runs += 1;
        tracked.trackUserAction("viewed");
      }, [tracked]);
      return null;
    }
    const tree = () => under(client, createElement(Page));
    const { rerender } = render(tree());
    await until(() => expect(runs).toBe(1));
    const before = seen.size;
    for (let n = 0; n < 6; n += 1) rerender(tree());
    expect(seen.size).toBe(before);
    expect(runs).toBe(1);
  });

  test("has id and status at once in a component that is mounted later", async () => {
    const client = newClient();
    const first = tracking();
    const later = tracking();
    const ids: (string | null)[] = [];
    function Id() {
      ids.push(useAnonymousId());
      return null;
    }
    const { rerender } = render(under(client, first.element));
    await until(() => expect(first.last.status).toBe("active"));
    const { anonymousId } = first.last;
    rerender(under(client, first.element, later.element, createElement(Id)));
    expect(later.seen[0]).toMatchObject({ anonymousId, status: "active" });
    expect(ids[0]).toBe(anonymousId);
  });

  test("is the other visitor's at once where the key changes", async () => {
    const client = newClient();
    const seen: [string, string | null][] = [];
    function Page({ storageKey }: { storageKey: string }) {
      const { anonymousId } = useSessionTracker({ storageKey });
      seen.push([storageKey, anonymousId]);
      return null;
    }
    const tree = (storageKey: string) =>
      under(client, createElement(Page, { storageKey }));
    const { rerender } = render(tree("a"));
    await until(() => expect(seen.at(-1)![1]).not.toBeNull());
    const a = seen.at(-1)![1];
    rerender(tree("b"));
    await until(() => expect(seen.at(-1)![1]).not.toBeNull());
    expect(seen.filter(([key, id]) => key === "b" && id === a)).toEqual([]);
    rerender(tree("a"));
    expect(seen.at(-1)).toEqual(["a", a]);
  });
});

describe("props that are no options", () => {
  test("are ignored, such as children with cycles or without a JSON form", async () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const others = {
      children: createElement("b", null, "not shown"),
      "data-circle": circle,
      "data-big": 1n,
      className: "x",
    };
    const tracked = tracking();
    const tree = () =>
      under(
        newClient(),
        createElement(SessionTracker, { ...others, storageKey: "x" } as Props),
        tracked.element,
      );
    const { container, rerender } = render(tree());
    rerender(tree());
    await until(() => expect(tracked.last.status).toBe("active"));
    expect(container.textContent).toBe("");
    expect(localStorage.getItem("x")).toBe(tracked.last.anonymousId);
  });

  test.each([
    ["heartbeatInterval", 1n],
    ["beforeSend", null],
    ["functions", null],
    ["storageKey", null],
    ["storageKey", {}],
  ])("ignores %s = %o", async (name, value) => {
    const tracked = tracking();
    const given = { [name]: value } as Props;
    render(
      under(newClient(), createElement(SessionTracker, given), tracked.element),
    );
    await until(() => expect(tracked.last.status).toBe("active"));
    tracked.last.trackUserAction("click");
    const { anonymousId } = tracked.last;
    await until(async () =>
      expect(await app.actions(anonymousId!)).toEqual(["click"]),
    );
    expect(tracked.last.error).toBeNull();
    expect(localStorage.getItem("anonymousUserId")).toBe(anonymousId);
  });
});

describe("hydrating", () => {
  const Tracked = createContext<SessionTracking | null>(null);

  function Id() {
    const tracked = useContext(Tracked);
    return createElement("i", null, tracked?.anonymousId ?? "nobody");
  }
  /** An app that passes the hook's value to all below it, over a Suspense boundary. */
  function App({ Child }: { Child: ComponentType }) {
    return createElement(
      Tracked.Provider,
      { value: useSessionTracker() },
      createElement(
        Suspense,
        { fallback: createElement("u", null, "Loading") },
        createElement(Child),
      ),
    );
  }

  test("keeps what the server rendered in a Suspense boundary that is not hydrated yet", async () => {
    localStorage.setItem("anonymousUserId", "user123");
    const client = newClient();
    const container = document.createElement("div");
    container.innerHTML = renderToString(
      under(client, createElement(App, { Child: Id })),
    );
    expect(container.textContent).toBe("nobody");
    const rendered = container.querySelector("i");

    let load = () => {};
    const Late = lazy(
      () =>
        new Promise<{ default: ComponentType }>((resolve) => {
          load = () => resolve({ default: Id });
        }),
    );
    const errors: unknown[] = [];
    const root = await act(() =>
      Promise.resolve(
        hydrateRoot(
          container,
          under(client, createElement(App, { Child: Late })),
          { onRecoverableError: (error) => errors.push(error) },
        ),
      ),
    );
    // The id and the connection come after this.
    const alone = tracking();
    render(under(client, alone.element));
    await until(() => expect(alone.last.status).toBe("active"));
    expect(container.querySelector("u")).toBeNull();
    await act(async () => {
      load();
      await Promise.resolve();
    });
    await until(() => expect(container.textContent).toBe("user123"));
    expect(container.querySelector("i")).toBe(rendered);
    expect(errors).toEqual([]);
    act(() => root.unmount());
  });
});
