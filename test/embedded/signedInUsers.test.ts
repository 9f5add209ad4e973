import path from "node:path";
import { testDeployment } from "@sessions-ops/embedded/vitest";
import { ConvexHttpClient } from "convex/browser";
import { expect, test, vi } from "vitest";
import type { OwnSession } from "../../client/index.js";
import { api } from "../../convex/_generated/api.js";

const t = await testDeployment({
  app: path.join(import.meta.dirname, "../.."),
});

/** The app as one user's browser calls it. */
function clientOf(
  claims?: Record<string, string | string[] | object>,
): ConvexHttpClient {
  const user = claims && t.withIdentity({ subject: "user-1", ...claims });
  return (user ?? t).client(ConvexHttpClient);
}

test("only users with the role admin in their token see the active sessions", async () => {
  const visitor = clientOf();
  const anonymousId = "visitor-0123456789abcdef";
  const tracked = await visitor.mutation(api.sessions.trackSession, {
    anonymousId,
  });

  const admin = clientOf({ role: "admin" });
  const seen = await admin.query(api.sessions.getActiveSessions, {});
  expect(seen).toHaveLength(1);
  expect(tracked).toMatchObject({ sessionId: seen[0]?.sessionId });

  for (const other of [
    visitor,
    clientOf({}),
    clientOf({ role: "user" }),
    clientOf({ role: ["admin"] }),
    clientOf({ roles: { role: "admin" } }),
  ]) {
    await expect(
      other.query(api.sessions.getActiveSessions, {}),
    ).rejects.toMatchObject({ data: { kind: "notAuthorized" } });
  }
});

test("a session is linked to the user who is signed in", async () => {
  const anonymousId = "visitor-fedcba9876543210";
  const user = clientOf({});
  await user.mutation(api.sessions.trackSession, { anonymousId });
  const linked = await user.mutation(api.sessions.linkSession, { anonymousId });
  expect(linked).toMatchObject({ userId: "user-1" });
  const admin = clientOf({ role: "admin" });
  const seen = await admin.query(api.sessions.getActiveSessions, {});
  expect(seen).toContainEqual(expect.objectContaining(linked));
});

test("a WebSocket client sees the active sessions from the moment it signs in", async () => {
  const client = t.client();
  const ask = () => client.query(api.sessions.getActiveSessions, {});
  await expect(ask()).rejects.toMatchObject({
    data: { kind: "notAuthorized" },
  });

  const token = t.withIdentity({ role: "admin" }).token();
  const isTaken = await new Promise((resolve) => {
    client.setAuth(() => Promise.resolve(token), resolve);
  });
  expect(isTaken).toBe(true);
  expect(await ask()).toBeInstanceOf(Array);
});

test("a user sees their own devices live, as pages that are kept, and ends one", async () => {
  const subject = "user-with-devices";
  const user = t.withIdentity({ subject });
  const http = user.client(ConvexHttpClient);
  const addDevice = async (n: number) => {
    const anonymousId = `device-of-the-user-${n}`;
    const link = await http.mutation(api.sessions.linkSession, { anonymousId });
    expect(link.userId).toBe(subject);
    return link.sessionId ?? "";
  };
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.unshift(await addDevice(n));
  const first = await http.query(api.sessions.getOwnSessions, {
    paginationOpts: { numItems: 2, cursor: null },
  });

  const client = user.client();
  // What the hook of convex-helpers asks for once a second page is loaded.
  const { continueCursor } = first;
  const pages = [
    { numItems: 2, cursor: null, endCursor: continueCursor },
    { numItems: 9, cursor: continueCursor, endCursor: null },
  ];
  const shown: OwnSession[][] = [];
  for (const [index, paginationOpts] of pages.entries()) {
    client.onUpdate(
      api.sessions.getOwnSessions,
      { paginationOpts },
      (found) => {
        shown[index] = found.page;
      },
    );
  }
  const list = () => shown.flat().map(({ sessionId }) => sessionId);
  await vi.waitFor(() => expect(list()).toEqual(ids), 10_000);
  for (let n = 5; n < 9; n += 1) ids.unshift(await addDevice(n));
  await vi.waitFor(() => expect(list()).toEqual(ids), 10_000);

  const ended = { sessionId: ids[3] ?? "" };
  const other = clientOf({});
  await expect(
    other.mutation(api.sessions.endOwnSession, ended),
  ).rejects.toMatchObject({ data: { kind: "sessionNotFound" } });
  await http.mutation(api.sessions.endOwnSession, ended);
  await vi.waitFor(() => expect(shown[0]?.[3]?.state).toBe("ended"), 10_000);
});
