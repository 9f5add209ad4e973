import { cp } from "node:fs/promises";
import path from "node:path";
import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import type { OwnSession } from "../../client/index.js";
import { api } from "../../convex/_generated/api.js";
import { TestDeployment } from "../../embedded/test/support/deployment.js";
import { CliApp } from "../../embedded/test/support/officialCli.js";
import { TestIssuer } from "../../embedded/test/support/tokens.js";

const ROOT = path.resolve(import.meta.dirname, "../..");

// The official CLI bundles the whole app.
const DEPLOY_TIMEOUT_MS = 90_000;

let deployment: TestDeployment;
let issuer: TestIssuer;
let app: CliApp;

beforeAll(async () => {
  deployment = await TestDeployment.open();
  issuer = await TestIssuer.create();
  app = await CliApp.create(deployment, {
    "convex/auth.config.ts": issuer.authConfig,
  });
  for (const folder of ["convex", "client"]) {
    await cp(path.join(ROOT, folder), path.join(app.folder, folder), {
      recursive: true,
    });
  }
  const deployed = await app.convex("deploy", "--typecheck", "disable");
  expect(deployed, deployed.stderr).toMatchObject({ code: 0 });
}, DEPLOY_TIMEOUT_MS);

afterAll(async () => {
  await app.remove();
  await deployment.remove();
});

/** The app as one user's browser calls it. */
async function clientOf(
  claims?: Record<string, unknown>,
): Promise<ConvexHttpClient> {
  const client = new ConvexHttpClient(deployment.url, { logger: false });
  if (claims !== undefined) client.setAuth(await issuer.sign({ claims }));
  return client;
}

test("only users with the role admin in their token see the active sessions", async () => {
  const visitor = await clientOf();
  const anonymousId = "visitor-0123456789abcdef";
  const tracked = await visitor.mutation(api.sessions.trackSession, {
    anonymousId,
  });

  const admin = await clientOf({ role: "admin" });
  const seen = await admin.query(api.sessions.getActiveSessions, {});
  expect(seen).toHaveLength(1);
  expect(tracked).toMatchObject({ sessionId: seen[0]?.sessionId });

  for (const other of [
    visitor,
    await clientOf({}),
    await clientOf({ role: "user" }),
    await clientOf({ role: ["admin"] }),
    await clientOf({ roles: { role: "admin" } }),
  ]) {
    await expect(
      other.query(api.sessions.getActiveSessions, {}),
    ).rejects.toMatchObject({ data: { kind: "notAuthorized" } });
  }
});

test("a session is linked to the user who is signed in", async () => {
  const anonymousId = "visitor-fedcba9876543210";
  const user = await clientOf({});
  await user.mutation(api.sessions.trackSession, { anonymousId });
  const linked = await user.mutation(api.sessions.linkSession, { anonymousId });
  expect(linked).toMatchObject({ userId: "user-1" });
  const admin = await clientOf({ role: "admin" });
  const seen = await admin.query(api.sessions.getActiveSessions, {});
  expect(seen).toContainEqual(expect.objectContaining(linked));
});

test("a WebSocket client sees the active sessions from the moment it signs in", async () => {
  const client = new ConvexClient(deployment.url, {
    webSocketConstructor: WebSocket as unknown as typeof globalThis.WebSocket,
    logger: false,
    unsavedChangesWarning: false,
  });
  onTestFinished(() => client.close());
  const ask = () => client.query(api.sessions.getActiveSessions, {});
  await expect(ask()).rejects.toMatchObject({
    data: { kind: "notAuthorized" },
  });

  const token = await issuer.sign({ claims: { role: "admin" } });
  const isTaken = await new Promise((resolve) => {
    client.setAuth(() => Promise.resolve(token), resolve);
  });
  expect(isTaken).toBe(true);
  expect(await ask()).toBeInstanceOf(Array);
});

test("a user sees their own devices live, as pages that are kept, and ends one", async () => {
  const subject = "user-with-devices";
  const token = await issuer.sign({ subject });
  const http = await clientOf();
  http.setAuth(token);
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

  const client = new ConvexClient(deployment.url, {
    webSocketConstructor: WebSocket as unknown as typeof globalThis.WebSocket,
    logger: false,
    unsavedChangesWarning: false,
  });
  onTestFinished(() => client.close());
  client.setAuth(() => Promise.resolve(token));
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
  const other = await clientOf({});
  await expect(
    other.mutation(api.sessions.endOwnSession, ended),
  ).rejects.toMatchObject({ data: { kind: "sessionNotFound" } });
  await http.mutation(api.sessions.endOwnSession, ended);
  await vi.waitFor(() => expect(shown[0]?.[3]?.state).toBe("ended"), 10_000);
});
