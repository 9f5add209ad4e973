import { Presence } from "@convex-dev/presence";
import type { ComponentApi } from "@convex-dev/presence/_generated/component.js";
import presenceTest from "@convex-dev/presence/test";
import { componentsGeneric, defineSchema } from "convex/server";
import { convexTest } from "convex-test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

const INTERVAL_MS = 10_000;

const { presence: component } = componentsGeneric() as unknown as {
  presence: ComponentApi<"presence">;
};
const presence = new Presence(component);

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
});
afterEach(() => {
  vi.useRealTimers();
});

/** An app with the component, and what its users do. */
function setUp() {
  const t = convexTest({
    schema: defineSchema({}),
    modules: { "./_generated/api.ts": () => Promise.resolve({}) },
  });
  presenceTest.register(t);
  return {
    beat: (user: string, session: string, room = "lobby") =>
      t.run((ctx) => presence.heartbeat(ctx, room, user, session, INTERVAL_MS)),
    leave: (sessionToken: string) =>
      t.run((ctx) => presence.disconnect(ctx, sessionToken)),
    change: (user: string, data: unknown) =>
      t.run((ctx) => presence.updateRoomUser(ctx, "lobby", user, data as null)),
    removeUser: (user: string) =>
      t.run((ctx) => presence.removeRoomUser(ctx, "lobby", user)),
    removeRoom: () => t.run((ctx) => presence.removeRoom(ctx, "lobby")),
    seen: (roomToken: string) =>
      t.query((ctx) => presence.list(ctx, roomToken)),
    online: async () => {
      const users = await t.query((ctx) =>
        presence.listRoom(ctx, "lobby", true),
      );
      return users.map(({ userId }) => userId).sort();
    },
    roomsOf: (user: string) => t.query((ctx) => presence.listUser(ctx, user)),
    /** Lets time pass, and what was scheduled in it run. */
    wait: async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 500) {
        vi.advanceTimersByTime(500);
        await t.finishInProgressScheduledFunctions();
      }
    },
  };
}

test("a user is there while one session of theirs is", async () => {
  const app = setUp();
  const [one, other] = [
    await app.beat("ann", "phone"),
    await app.beat("ann", "laptop"),
  ];
  await app.beat("bob", "desk");
  expect(one.roomToken).toBe(other.roomToken);
  expect(await app.online()).toEqual(["ann", "bob"]);
  await app.leave(one.sessionToken);
  expect(await app.online()).toEqual(["ann", "bob"]);
  await app.leave(other.sessionToken);
  expect(await app.online()).toEqual(["bob"]);
  expect(await app.seen(one.roomToken)).toMatchObject([
    { userId: "bob", online: true },
    { userId: "ann", online: false, lastDisconnected: Date.now() },
  ]);
});

test("a session that is silent for two and a half intervals is over, one that beats is not", async () => {
  const app = setUp();
  await app.beat("ann", "phone");
  for (let beats = 0; beats < 4; beats += 1) {
    await app.beat("bob", "desk");
    await app.wait(INTERVAL_MS);
  }
  expect(await app.online()).toEqual(["bob"]);
  await app.wait(3 * INTERVAL_MS);
  expect(await app.online()).toEqual([]);
  await app.beat("ann", "phone");
  expect(await app.online()).toEqual(["ann"]);
});

test("what a user shows, and where they are", async () => {
  const app = setUp();
  const { roomToken } = await app.beat("ann", "phone");
  await app.beat("ann", "phone in the hall", "hall");
  await app.change("ann", { typing: true });
  await app.change("nobody", { typing: true });
  expect(await app.seen(roomToken)).toMatchObject([
    { userId: "ann", data: { typing: true } },
  ]);
  expect(await app.seen("made up")).toEqual([]);
  expect((await app.roomsOf("ann")).map(({ roomId }) => roomId)).toEqual([
    "hall",
    "lobby",
  ]);
});

test("a session is of one user in one room", async () => {
  const app = setUp();
  await app.beat("ann", "phone");
  await expect(app.beat("bob", "phone")).rejects.toThrow(/must be unique/);
  expect(await app.online()).toEqual(["ann"]);
});

test("users and rooms are removed with their sessions", async () => {
  const app = setUp();
  const { roomToken } = await app.beat("ann", "phone");
  const { sessionToken } = await app.beat("bob", "desk");
  await app.removeUser("ann");
  expect(await app.online()).toEqual(["bob"]);
  await app.removeRoom();
  expect(await app.seen(roomToken)).toEqual([]);
  await app.leave(sessionToken);
  await app.wait(3 * INTERVAL_MS);
  expect(await app.roomsOf("bob")).toEqual([]);
});
