/** Hooks on the storages that apps have: a browser's, a mock of its three methods, and none. */
import "./support/dom.js";
import { cleanup, render } from "@testing-library/react";
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

/** Puts something in the place of the browser's storages until the test is finished. */
function storagesAre(get: (name: string) => unknown): void {
  for (const name of ["localStorage", "sessionStorage"] as const) {
    const descriptor = Object.getOwnPropertyDescriptor(globalThis, name)!;
    onTestFinished(() => {
      Object.defineProperty(globalThis, name, descriptor);
    });
    Object.defineProperty(globalThis, name, {
      configurable: true,
      get: () => get(name),
    });
  }
}

/** What tests of an app often put in the place of a storage. */
function mockedStorage() {
  const items = new Map<string, string>();
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
}

const MEMBERS = ["length", "key", "getItem", "clear", "constructor"];

describe.each(MEMBERS)("a hook with the storageKey %s", (storageKey) => {
  async function isTracked(anonymousId?: string): Promise<string> {
    const tracked = tracking({ storageKey });
    render(under(clientOf(app), tracked.element));
    await until(() => expect(tracked.last.status).toBe("active"));
    const id = tracked.last.anonymousId!;
    if (anonymousId !== undefined) expect(id).toBe(anonymousId);
    tracked.last.trackUserAction("click");
    await until(async () => expect(await app.actions(id)).toEqual(["click"]));
    return id;
  }

  test("goes on with the visitor whom the browser has stored", async () => {
    const stored = `stored-${storageKey}`;
    localStorage.setItem(storageKey, stored);
    await isTracked(stored);
    expect(localStorage.getItem(storageKey)).toBe(stored);
  });

  test("stores a new visitor", async () => {
    const anonymousId = await isTracked();
    expect(localStorage.getItem(storageKey)).toBe(anonymousId);
  });

  test("tracks a visitor where the browser refuses to store", async () => {
    storagesAre(() => {
      throw new DOMException("blocked", "SecurityError");
    });
    await isTracked();
  });

  test("goes on with the visitor of a storage that has the three methods only", async () => {
    const mocked = {
      localStorage: mockedStorage(),
      sessionStorage: mockedStorage(),
    };
    mocked.localStorage.setItem(storageKey, `mocked-${storageKey}`);
    storagesAre((name) => mocked[name as keyof typeof mocked]);
    await isTracked(`mocked-${storageKey}`);
  });
});
