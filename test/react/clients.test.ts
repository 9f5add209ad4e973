/** Several clients of one deployment on a page, as where it has several roots: one visitor. */
import "./support/dom.js";
import { act, cleanup, render } from "@testing-library/react";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  expect,
  test,
  vi,
} from "vitest";
import { SessionTracker } from "../../react/index.js";
import { followCalls, type Calls } from "./support/calls.js";
import { LiveApp } from "./support/liveApp.js";
import { clientOf, tracking, under, until } from "./support/rendering.js";

let app: LiveApp;
let calls: Calls;
/** Calls that were sent, as `name anonymousId`. */
let sent: string[];

beforeAll(async () => {
  app = await LiveApp.deploy();
}, 90_000);
afterAll(() => app.remove());

beforeEach(() => {
  localStorage.clear();
  calls = followCalls(app);
  sent = calls.told;
});

afterEach(async () => {
  cleanup();
  await calls.settled();
  vi.unstubAllGlobals();
});

/** Two roots with a client of their own each, which know their visitor. */
async function twoRoots() {
  const [one, other] = [tracking(), tracking()];
  const clients = [clientOf(app), clientOf(app)] as const;
  const root = render(under(clients[0], one.element));
  render(under(clients[1], other.element));
  await until(() => expect(one.last.status).toBe("active"));
  await until(() => expect(other.last.status).toBe("active"));
  await until(() => expect(sent).toHaveLength(1));
  const { anonymousId } = one.last;
  expect(other.last.anonymousId).toBe(anonymousId);
  return { one, other, clients, root, anonymousId: anonymousId! };
}

test("clients that are only rendered, as on a server, are neither connected nor kept", () => {
  const clients = [clientOf(app), clientOf(app)] as const;
  const asked = clients.map((client) => vi.spyOn(client, "connectionState"));
  for (const client of clients) {
    const page = [1, 2].map((key) => createElement(SessionTracker, { key }));
    renderToString(under(client, ...page));
  }
  for (const connectionState of asked) {
    expect(connectionState).not.toHaveBeenCalled();
  }
});

test("two roots send one heartbeat, and a denial with erasure in one holds for both", async () => {
  const { one, other, clients, root, anonymousId } = await twoRoots();
  await until(async () =>
    expect(await app.session(anonymousId)).not.toBeNull(),
  );
  const denied = { consent: "denied", forgetOnDenied: true } as const;
  root.rerender(
    under(clients[0], one.element, createElement(SessionTracker, denied)),
  );
  await until(async () => expect(await app.session(anonymousId)).toBeNull());
  await until(() => expect(other.last.status).toBe("denied"));
  act(() => other.last.trackUserAction("ignored"));
  await act(() => other.last.endSession());
  expect(one.last).toMatchObject({ status: "denied", anonymousId: null });
  expect(sent).toEqual([
    `trackSession ${anonymousId}`,
    `forgetSession ${anonymousId}`,
  ]);
  expect(Object.keys(localStorage)).toEqual([]);
});

test("a reset in one root gives all a new id", async () => {
  const { one, other, anonymousId } = await twoRoots();
  act(() => one.last.reset());
  act(() => other.last.trackUserAction("click"));
  await until(() => expect(other.last.anonymousId).not.toBe(anonymousId));
  const next = other.last.anonymousId!;
  await until(async () => expect(await app.actions(next)).toEqual(["click"]));
  expect(one.last.anonymousId).toBe(next);
  expect(await app.session(anonymousId)).toMatchObject({ state: "ended" });
});

test("an end in one root ends the session for all, and for a client that is made later", async () => {
  const { one, other } = await twoRoots();
  await act(() => one.last.endSession());
  await until(() => expect(other.last.status).toBe("ended"));
  const later = tracking();
  render(under(clientOf(app), later.element));
  await until(() => expect(later.last.status).toBe("ended"));
  const [begun = "", ...rest] = sent;
  const visitor = begun.replace("trackSession ", "");
  expect(rest.join()).toBe(`endSession ${visitor}`);
});

test("a hook without a key follows the key of another root's component", async () => {
  render(
    under(clientOf(app), createElement(SessionTracker, { storageKey: "x" })),
  );
  const bare = tracking();
  render(under(clientOf(app), bare.element));
  await until(() =>
    expect(bare.last.anonymousId).toBe(localStorage.getItem("x") ?? "none"),
  );
  await until(() => expect(sent).toHaveLength(1));
});

test("a closed client does not disconnect the others", async () => {
  const { one, other, clients, root } = await twoRoots();
  root.unmount();
  await clients[0].close();
  other.last.trackUserAction("click");
  const { anonymousId } = one.last;
  await until(async () =>
    expect(await app.actions(anonymousId!)).toEqual(["click"]),
  );
  expect(other.last.status).toBe("active");
});
