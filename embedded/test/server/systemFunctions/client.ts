import type { JSONValue } from "convex/values";
import { expect } from "vitest";
import { TestDeployment, type PushedApp } from "../../support/deployment.js";
import { FakeClock } from "../../support/fakeClock.js";
import { pushed } from "../../support/pushes.js";

const SERVER = `
  import { actionGeneric, cronJobs, httpActionGeneric, httpRouter, internalMutationGeneric, mutationGeneric, queryGeneric, makeFunctionReference } from "convex/server";
  import { v } from "convex/values";
`;
const SCHEMA = `
  import { defineSchema, defineTable } from "convex/server";
  import { v } from "convex/values";
  export default defineSchema({
    notes: defineTable({ name: v.string(), n: v.number(), tag: v.optional(v.union(v.string(), v.null())) }).index("by_name", ["name", "n"]).searchIndex("words", { searchField: "name", filterFields: ["tag"] }),
  });
`;
/** An app with all that system functions look at. */
export const APP: PushedApp = {
  schema: SCHEMA,
  modules: {
    "folder/app": `${SERVER}
      export const fill = mutationGeneric({ handler: async (ctx, { rows }) => {
        for (const row of rows) await ctx.db.insert("notes", row);
      } });
      export const typed = queryGeneric({ args: { a: v.string() }, handler: async () => null });
      export const later = mutationGeneric({ handler: async (ctx, { times }) => {
        for (const ms of times) await ctx.scheduler.runAfter(ms, makeFunctionReference("jobs:run"), { ms });
      } });
      export default queryGeneric({ handler: async () => null });`,
    jobs: `${SERVER}
      export const run = internalMutationGeneric({ handler: async () => { console.log("ran"); return "done"; } });
      export const fail = actionGeneric({ handler: async () => { throw new Error("no luck"); } });`,
    crons: `${SERVER}
      const crons = cronJobs();
      crons.interval("tick", { minutes: 1 }, makeFunctionReference("jobs:run"), {});
      crons.interval("fails", { hours: 1 }, makeFunctionReference("jobs:fail"));
      crons.weekly("report", { dayOfWeek: "monday", hourUTC: 9, minuteUTC: 30 }, makeFunctionReference("jobs:run"), { a: 1 });
      crons.cron("expression", "0 4 * * *", makeFunctionReference("jobs:run"));
      export default crons;`,
    http: `${SERVER}
      const http = httpRouter();
      http.route({ path: "/hook", method: "POST", handler: httpActionGeneric(async () => new Response("ok", { status: 201 })) });
      export default http;`,
  },
  components: {
    part: {
      schema: SCHEMA.replace("notes", "parts"),
      modules: {
        inside: `${SERVER} export const look = queryGeneric({ handler: async () => null });`,
      },
    },
  },
  children: { part: "part" },
};

/** The first page of a list, all of it. */
export const paginationOpts = { cursor: null, numItems: 10 };

type Answer = Record<string, JSONValue> & {
  status: string;
  value: unknown;
  errorMessage?: string;
};

/** An entry of the audit log. */
export interface Event {
  action: string;
  metadata: Record<string, unknown>;
}

/** A deployment with {@link APP}, and what its system functions are called by. */
export class SystemClient {
  readonly clock: FakeClock;
  readonly deployment: TestDeployment;

  private constructor(clock: FakeClock, deployment: TestDeployment) {
    this.clock = clock;
    this.deployment = deployment;
  }

  static async open(): Promise<SystemClient> {
    const clock = new FakeClock();
    const deployment = await TestDeployment.open({ clock });
    await pushed(deployment, APP);
    return new SystemClient(clock, deployment);
  }

  async call(
    kind: "query" | "mutation",
    path: string,
    args: Record<string, JSONValue> = {},
    headers: Record<string, string> = this.deployment.admin,
  ): Promise<{ status: number; body: Answer }> {
    const body = {
      path: path.startsWith("_system/") ? path : `_system/frontend/${path}`,
      args,
      format: "convex_encoded_json",
    };
    const answer = await this.deployment.post(`/api/${kind}`, body, headers);
    return answer as { status: number; body: Answer };
  }

  readonly ask = async <T = Record<string, unknown>>(
    path: string,
    args: Record<string, JSONValue> = {},
  ): Promise<T> => {
    const { body } = await this.call("query", path, args);
    expect(body).toMatchObject({ status: "success" });
    return body.value as T;
  };

  readonly change = async <T = Record<string, unknown>>(
    path: string,
    args: Record<string, JSONValue> = {},
  ): Promise<T> => {
    const { body } = await this.call("mutation", path, args);
    expect(body).toMatchObject({ status: "success" });
    return body.value as T;
  };

  /** Entries of the audit log with some actions, the latest first. */
  async auditLog(actions: string[]): Promise<Event[]> {
    const { page } = await this.ask<{ page: Event[] }>(
      "paginatedDeploymentEvents",
      {
        paginationOpts: { cursor: null, numItems: 100 },
        filters: { minDate: 0, actions },
      },
    );
    return page;
  }
}
