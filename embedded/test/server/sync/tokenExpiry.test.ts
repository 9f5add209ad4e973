import { ConvexClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { TestDeployment } from "../../support/deployment.js";
import { FakeClock } from "../../support/fakeClock.js";
import { SyncClient } from "../../support/syncClient.js";
import { TestIssuer } from "../../support/tokens.js";
import { APP } from "./app.js";

const HOUR_S = 3_600;
const HOUR_MS = HOUR_S * 1_000;

let clock: FakeClock;
let issuer: TestIssuer;
let deployment: TestDeployment;

beforeEach(async () => {
  clock = new FakeClock(Date.now());
  issuer = await TestIssuer.create();
  deployment = await TestDeployment.open({ clock });
  const modules = { ...APP.modules, "auth.config": issuer.authConfig };
  expect(await deployment.push({ ...APP, modules })).toMatchObject({
    status: 200,
  });
  deployment.logged.length = 0;
});

afterEach(async () => {
  expect(deployment.logged).toEqual([]);
  await deployment.remove();
});

/** A client that signed in for an hour and watches a counter. */
async function signedIn(): Promise<SyncClient> {
  const client = await SyncClient.connect(deployment.url);
  onTestFinished(() => client.drop());
  client.say({
    type: "Authenticate",
    tokenType: "User",
    value: await issuer.sign({ expiresInS: HOUR_S }),
    baseVersion: 0,
  });
  await client.next("Transition");
  client.watch("f:get", { name: "mine" });
  await client.next("Transition");
  return client;
}

function addTo(name: string) {
  return deployment.post("/api/mutation", { path: "f:add", args: { name } });
}

const EXPIRED = { baseVersion: 1, authUpdateAttempted: false };

/** Time well after the expiry: more than any tolerance for clocks that differ. */
const WELL_AFTER_MS = HOUR_MS + 30_000;

test("a query is not run again for a user whose token has expired", async () => {
  const client = await signedIn();
  clock.jump(HOUR_MS - 1_000);
  await addTo("mine");
  expect(await client.next("Transition")).toMatchObject({
    modifications: [{ value: 1 }],
  });
  clock.jump(WELL_AFTER_MS);
  await addTo("mine");
  const { error, ...rest } = await client.next("AuthError");
  expect(rest).toMatchObject(EXPIRED);
  expect(error).toMatch(/token .* expired at \d{4}-/);
  expect(await client.closed()).toMatchObject({ code: 1008 });
  expect(JSON.stringify(client.received)).not.toContain('"value":2');
});

test.each(["Mutation", "Action"] as const)(
  "a %s is not run for a user whose token has expired",
  async (kind) => {
    const client = await signedIn();
    clock.jump(WELL_AFTER_MS);
    const path = kind === "Mutation" ? "f:add" : "f:addTwice";
    client.call(kind, 0, path, { name: "mine" });
    expect(await client.next("AuthError")).toMatchObject(EXPIRED);
    await client.closed();
    const { body } = await deployment.post("/api/query", {
      path: "f:get",
      args: { name: "mine" },
    });
    expect(body).toMatchObject({ value: null });
  },
);

test("a client that sends a new token in time, or signs out, goes on", async () => {
  const client = await signedIn();
  client.say({
    type: "Authenticate",
    tokenType: "User",
    value: await issuer.sign({ expiresInS: 3 * HOUR_S }),
    baseVersion: 1,
  });
  await client.next("Transition");
  clock.jump(2 * HOUR_MS);
  client.call("Mutation", 0, "f:add", { name: "mine" });
  expect(await client.next("MutationResponse")).toMatchObject({
    success: true,
  });
  client.say({ type: "Authenticate", tokenType: "None", baseVersion: 2 });
  clock.jump(2 * HOUR_MS);
  client.call("Mutation", 1, "f:add", { name: "mine" });
  expect(await client.next("MutationResponse")).toMatchObject({
    success: true,
  });
});

test("a ConvexClient fetches another token and goes on", async () => {
  const client = new ConvexClient(deployment.url, {
    logger: false,
    // `ws` has its own types, not those of a browser's.
    webSocketConstructor: WebSocket as unknown as typeof globalThis.WebSocket,
  });
  onTestFinished(() => client.close());
  const lifetimesS = [HOUR_S, HOUR_S, 9 * HOUR_S];
  let fetched = 0;
  client.setAuth(() => {
    const expiresInS = lifetimesS[fetched] ?? 9 * HOUR_S;
    // The client tells tokens apart by their text.
    return issuer.sign({ expiresInS, claims: { n: fetched++ } });
  });
  const seen: unknown[] = [];
  const get = makeFunctionReference<"query">("f:get");
  const add = makeFunctionReference<"mutation">("f:add");
  client.onUpdate(get, { name: "theirs" }, (value) => seen.push(value));
  await client.mutation(add, { name: "theirs" });
  await expect.poll(() => [fetched, seen.at(-1)]).toEqual([2, 1]);
  clock.jump(WELL_AFTER_MS);
  await addTo("theirs");
  await expect.poll(() => [fetched, seen.at(-1)]).toEqual([3, 2]);
  clock.jump(HOUR_MS);
  await client.mutation(add, { name: "theirs" });
  expect(seen.at(-1)).toBe(3);
});
