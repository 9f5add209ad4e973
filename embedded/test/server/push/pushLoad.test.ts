import { afterEach, beforeEach, expect, test } from "vitest";
import { TestDeployment, type PushedApp } from "../../support/deployment.js";
import { pushed, schema } from "../../support/pushes.js";
import { SyncClient } from "../../support/syncClient.js";

let deployment: TestDeployment;

beforeEach(async () => {
  deployment = await TestDeployment.open();
});

afterEach(() => deployment.remove());

/** Code of which every part returns its version. */
const versioned = (n: number): PushedApp => ({
  modules: {
    part: `export const part = ${n};`,
    app: `
      import { queryGeneric, mutationGeneric, componentsGeneric } from "convex/server";
      import { part } from "./part.js";
      const components = componentsGeneric();
      const handler = async (ctx) => {
        await ctx.db.query("rows").withIndex("v${n}").first();
        const inner = await ctx.runQuery(components.child.lib.version, {});
        return [${n}, part, inner];
      };
      export const read = queryGeneric({ handler });
      export const write = mutationGeneric({ handler: async (ctx) => {
        await ctx.db.insert("rows", { n: ${n} });
        return handler(ctx);
      } });`,
  },
  schema: schema("{ n: v.number() }", `.index("v${n}", ["n"])`),
  children: { child: "child" },
  components: {
    child: {
      modules: {
        lib: `
          import { queryGeneric } from "convex/server";
          export const version = queryGeneric({ handler: async () => ${n} });`,
      },
    },
  },
});

test("during pushes under load each call runs wholly on old code or wholly on new, and subscriptions follow", async () => {
  const PUSHES = 4;
  await pushed(deployment, versioned(0));
  const client = await SyncClient.connect(deployment.url);
  client.watch("app:read");
  const live: unknown[] = [];
  const following = (async () => {
    while (live.at(-1) !== PUSHES) {
      const { modifications } = await client.next("Transition");
      for (const { value } of modifications as { value: number[] }[]) {
        expect(new Set(value).size).toBe(1);
        live.push(value[0]);
      }
    }
  })();

  let isPushing = true;
  const seen = new Map<number, number>();
  const load = async (kind: "query" | "mutation") => {
    const path = kind === "query" ? "app:read" : "app:write";
    while (isPushing) {
      const { body } = await deployment.post(`/api/${kind}`, {
        path,
        args: {},
      });
      expect(body).toMatchObject({ status: "success" });
      const { value } = body as { value: number[] };
      expect(new Set(value).size).toBe(1);
      seen.set(value[0]!, (seen.get(value[0]!) ?? 0) + 1);
    }
  };
  const callers = [1, 2, 3].flatMap(() => [load("query"), load("mutation")]);
  for (let n = 1; n <= PUSHES; n += 1) {
    await pushed(deployment, versioned(n));
    await expect.poll(() => seen.has(n)).toBe(true);
  }
  isPushing = false;
  await Promise.all(callers);
  await following;
  client.drop();
  expect([...seen.keys()]).toEqual([0, 1, 2, 3, 4]);
  expect(live).toEqual([...live].sort());
  expect(new Set(live)).toEqual(new Set([0, 1, 2, 3, 4]));
});
