import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestDeployment, type PushedApp } from "../../support/deployment.js";
import { pushed, runningVersion, schema, V1 } from "../../support/pushes.js";

let deployment: TestDeployment;

beforeAll(async () => {
  deployment = await TestDeployment.open();
  await pushed(deployment, V1);
});

afterAll(() => deployment.remove());

const IMPORTS = `
  import { queryGeneric, mutationGeneric, actionGeneric, httpActionGeneric, httpRouter, cronJobs, makeFunctionReference } from "convex/server";
  import { v } from "convex/values";
`;
const app = (source: string, path = "app"): PushedApp => ({
  modules: { [path]: IMPORTS + source },
});
/** A query whose validators are the JSON that the CLI sends of them. */
const withValidators = (args: string, returns = "null") =>
  app(`
    export const f = queryGeneric({ handler: async () => null });
    f.exportArgs = () => JSON.stringify(${args});
    f.exportReturns = () => JSON.stringify(${returns});`);

describe("a push is refused at its start, with Convex's words, for", () => {
  test.each<[string, PushedApp, string]>([
    [
      "a query for Node",
      {
        modules: {
          app: `"use node"; ${IMPORTS} export const f = queryGeneric({ handler: async () => null });`,
        },
      },
      "`f` defined in `app.js` is a Query function. Only actions can be defined in Node.js. See https://docs.convex.dev/functions/actions for more details.",
    ],
    [
      "a function's name that is no identifier",
      app("export const $f = queryGeneric({ handler: async () => null });"),
      "Invalid function name used in `app.js`: Invalid first character '$' in $f: Identifiers must start with an alphabetic character or underscore",
    ],
    ...[
      "v.union(v.object({}), v.object({}))",
      "v.string()",
      "v.record(v.string(), v.any())",
    ].map((args): [string, PushedApp, string] => [
      `arguments that are ${args}`,
      withValidators(`${args}.json`),
      "Invalid JSON returned from app.js:f.exportArgs(): Args validator must be an object or any",
    ]),
    [
      "arguments by a name that is no identifier",
      withValidators('v.object({ "x-y": v.any() }).json'),
      "Invalid JSON returned from app.js:f.exportArgs(): Error in args validator: Identifier x-y has invalid character '-'",
    ],
    [
      "a result with numbers as keys",
      withValidators(
        "v.any().json",
        '{ type: "record", keys: { type: "number" }, values: { fieldType: { type: "any" }, optional: false } }',
      ),
      "Records can only have string keys.",
    ],
    [
      "a validator that is none",
      withValidators(
        '{ type: "object", value: { a: { fieldType: { type: "date" } } } }',
      ),
      'Not a validator: {\\"type\\":\\"date\\"}',
    ],
    [
      "a router that is none",
      app("export default {};", "http"),
      "The default export of `convex/http.js` is not a Router.",
    ],
    [
      "no router",
      app("export const http = httpRouter();", "http"),
      "`convex/http.js` must have a default export of a Router.",
    ],
    [
      "crons that are none",
      app("export default {};", "crons"),
      "The default export of `convex/crons.js` is not a Crons object.",
    ],
    [
      "no crons",
      app("export const crons = cronJobs();", "crons"),
      "`convex/crons.js` must have a default export of a Crons object.",
    ],
    [
      "a cron of a query",
      {
        modules: {
          ...app(
            "export const f = queryGeneric({ handler: async () => null });",
          ).modules,
          ...app(
            'const crons = cronJobs(); crons.hourly("c", { minuteUTC: 1 }, makeFunctionReference("app:f")); export default crons;',
            "crons",
          ).modules,
        },
      },
      "The cron job 'c' schedules a query function, only actions and mutations can be scheduled: app.js:f",
    ],
    [
      "a cron that Convex does not read",
      {
        modules: {
          ...app(
            "export const f = actionGeneric({ handler: async () => null });",
          ).modules,
          ...app(
            'const crons = cronJobs(); crons.cron("c", "0 0 * * 7", makeFunctionReference("app:f"), {}); export default crons;',
            "crons",
          ).modules,
        },
      },
      "Failed to parse cron expression",
    ],
    [
      "an index on no field",
      { schema: schema("{ n: v.number() }", '.index("m", ["m"])') },
      'Hit an error while evaluating your schema:\\nIn table \\"rows\\" the index \\"m\\" is invalid because it references the field \\"m\\" that does not exist.',
    ],
    [
      "documents that are no objects",
      {
        schema: `
          import { v } from "convex/values";
          export default { export: () => JSON.stringify({ schemaValidation: true, tables: [
            { tableName: "rows", indexes: [], documentType: v.string().json } ] }) };`,
      },
      "The document validator in a schema must be an object",
    ],
    [
      "no schema",
      { schema: "export const schema = 1;" },
      "Default export from schema file isn't a Convex schema.",
    ],
    [
      "code for Node in a component",
      {
        children: { part: "part" },
        components: {
          part: { modules: { lib: '"use node"; export const x = 1;' } },
        },
      },
      'Node actions are not supported in components. Remove `\\"use node;\\" from lib.js',
    ],
    [
      "a component's routes that are none",
      {
        children: { part: "part" },
        httpPrefixes: { part: "/part/" },
        components: { part: { modules: { lib: "export const x = 1;" } } },
      },
      'HTTP mount \\"/part/\\" is invalid: Child component \\"part\\" doesn\'t have any HTTP routes.',
    ],
    [
      "an await outside of a function",
      app("await null;"),
      "Top-level awaits in source files are unsupported",
    ],
    [
      "a schema that reads a variable",
      {
        ...V1,
        schema: `${schema("{ n: v.number() }")}; process.env.ANYTHING ?? "else";`,
      },
      "Environment variables unsupported when evaluating schema",
    ],
    [
      "providers of a time",
      app("export default { providers: [], at: Date.now() };", "auth.config"),
      "Date unsupported when evaluating auth config file",
    ],
    [
      "providers by chance",
      app("export default { providers: [], n: Math.random() };", "auth.config"),
      "Math.random unsupported when evaluating auth config file",
    ],
    [
      "providers of a variable that is not set, even where they could do without",
      app(
        'export default { providers: [], is: process.env.NOT_SET ?? "else" };',
        "auth.config",
      ),
      "Environment variable NOT_SET is used in auth config file but its value was not set",
    ],
    [
      "a component that uses itself",
      {
        children: { part: "part" },
        components: { part: { children: { part: "part" } } },
      },
      "components use each other in a circle",
    ],
  ])("%s", async (_, refused, text) => {
    const answer = await deployment.push(refused);
    expect(answer).toMatchObject({ status: 400 });
    expect(JSON.stringify(answer.body)).toContain(text);
    expect(await runningVersion(deployment)).toBe("one");
  });
});

test("an export that is both public and internal is no function", async () => {
  const other = await TestDeployment.open();
  try {
    await pushed(
      other,
      app(`
        export const f = queryGeneric({ handler: async () => 1 });
        export const g = queryGeneric({ handler: async () => 1 });
        g.isInternal = true;`),
    );
    const call = (path: string) => other.post("/api/query", { path, args: {} });
    expect(await call("app:f")).toMatchObject({ body: { value: 1 } });
    expect(JSON.stringify(await call("app:g"))).toContain(
      "Could not find public function for 'app:g'",
    );
  } finally {
    await other.remove();
  }
});
