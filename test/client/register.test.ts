import { convexTest, defineTestApp } from "convex-test";
import { defineSchema } from "convex/server";
import { expect, test } from "vitest";
import { exposeSessions } from "../../client/index.js";
import sessionTracker from "../../client/test.js";

const VISITOR = "11111111-1111-4111-8111-111111111111";

test("registering the component returns its API, under the name it was given", async () => {
  const t = convexTest(defineSchema({}), {
    "./_generated/api.ts": () => Promise.resolve({}),
  });
  const visitors = sessionTracker.register(t, "visitors");
  const status = await t.query(visitors.operator.status.get, {});
  expect(status.sessions).toMatchObject({ total: 0 });
});

test("defineTestApp of convex-test takes the component, and types its API", async () => {
  const app = defineTestApp({
    schema: defineSchema({}),
    components: { visitors: sessionTracker },
  });
  const { api, createTest } = app.defineModules({
    visits: exposeSessions(app.components.visitors, { authorize: () => true }),
  });
  const t = createTest();
  const anonymousId = VISITOR;
  const tracked = await t.mutation(api.visits.trackSession, { anonymousId });
  expect(tracked).toMatchObject({ ok: true, state: "created" });
  expect(await t.query(api.visits.getActiveSessions, {})).toHaveLength(1);
});
