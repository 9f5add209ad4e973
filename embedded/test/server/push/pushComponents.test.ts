import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TestDeployment, type PushedApp } from "../../support/deployment.js";
import { pushed, schema, version } from "../../support/pushes.js";

let deployment: TestDeployment;

beforeEach(async () => {
  deployment = await TestDeployment.open();
});

afterEach(() => deployment.remove());

describe("components", () => {
  const component = (text: string) => ({ modules: { lib: version(text) } });
  const where = async (componentPath: string) => {
    const { body } = await deployment.post(
      "/api/function",
      { componentPath, path: "lib:version", args: {} },
      deployment.admin,
    );
    return (body as { value?: unknown }).value ?? "none";
  };
  const nested: PushedApp = {
    modules: { app: version("app") },
    children: { left: "part", right: "part" },
    components: {
      part: { ...component("part"), children: { inner: "inner" } },
      inner: component("inner"),
    },
  };

  test("are mounted wherever a config uses them, at any depth", async () => {
    const { componentDiffs } = await pushed(deployment, nested);
    expect(Object.keys(componentDiffs).sort()).toEqual([
      "",
      "left",
      "left/inner",
      "right",
      "right/inner",
    ]);
    expect(await where("left")).toBe("part");
    expect(await where("right/inner")).toBe("inner");
  });

  test("that a push drops are unmounted with their crons, and have their rows again when they are mounted again", async () => {
    const withRows: PushedApp = {
      children: { part: "part" },
      components: {
        part: {
          modules: {
            lib: `
              import { queryGeneric, mutationGeneric } from "convex/server";
              export const add = mutationGeneric({ handler: async (ctx) => { await ctx.db.insert("rows", {}); return null; } });
              export const count = queryGeneric({ handler: async (ctx) => (await ctx.db.query("rows").collect()).length });`,
            crons: `
              import { cronJobs, makeFunctionReference } from "convex/server";
              const crons = cronJobs();
              crons.monthly("add", { day: 1, hourUTC: 1, minuteUTC: 1 }, makeFunctionReference("lib:add"));
              export default crons;`,
          },
        },
      },
    };
    const call = (path: string) =>
      deployment.post(
        "/api/function",
        { componentPath: "part", path, args: {} },
        deployment.admin,
      );
    expect(
      (await pushed(deployment, withRows)).componentDiffs["part"],
    ).toMatchObject({
      diffType: { type: "create" },
      cronDiff: { added: ["add"] },
    });
    await call("lib:add");
    expect((await pushed(deployment, {})).componentDiffs["part"]).toMatchObject(
      {
        diffType: { type: "unmount" },
        cronDiff: { deleted: ["add"] },
      },
    );
    expect((await call("lib:count")).body).toMatchObject({ status: "error" });
    expect(
      (await pushed(deployment, withRows)).componentDiffs["part"],
    ).toMatchObject({
      diffType: { type: "remount" },
    });
    expect((await call("lib:count")).body).toMatchObject({ value: 1 });
  });

  test("a document that a component's new schema refuses names the component", async () => {
    const of = (source: string): PushedApp => ({
      children: { part: "part" },
      components: {
        part: { modules: { lib: version("part") }, schema: source },
      },
    });
    await pushed(deployment, of(schema("{ n: v.number() }")));
    await deployment.post(
      "/api/function",
      { componentPath: "part", path: "lib:add", args: { n: 1 } },
      deployment.admin,
    );
    expect(
      await deployment.push(of(schema("{ n: v.string() }"))),
    ).toMatchObject({ body: { type: "failed", componentPath: "part" } });
  });
});
