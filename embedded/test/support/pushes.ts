import { expect } from "vitest";
import { pushBody, type PushedApp, type TestDeployment } from "./deployment.js";

/** The answer of `finish_push`, as far as tests look at it. */
export interface PushDiff {
  componentDiffs: Record<
    string,
    {
      diffType: { type: string };
      moduleDiff: { added: string[]; removed: string[] };
      indexDiff: { added_indexes: unknown[]; removed_indexes: unknown[] };
      cronDiff: { added: string[]; updated: string[]; deleted: string[] };
    }
  >;
}

/** The answer of `start_push`, as far as tests look at it. */
export interface StartedPush {
  schemaChange: { indexDiffs: Record<string, unknown> };
  analysis: Record<string, unknown>;
}

/** A module whose functions return its version, and write rows. */
export const version = (text: string) => `
  import { queryGeneric, mutationGeneric } from "convex/server";
  export const version = queryGeneric({ handler: async () => "${text}" });
  export const add = mutationGeneric({ handler: async (ctx, row) => ctx.db.insert("rows", row) });
`;

/** A schema of one table, `rows`. */
export const schema = (fields: string, indexes = "") => `
  import { defineSchema, defineTable } from "convex/server";
  import { v } from "convex/values";
  export default defineSchema({ rows: defineTable(${fields})${indexes} });
`;

export const V1: PushedApp = {
  modules: { app: version("one") },
  schema: schema("{ n: v.number() }", '.index("n", ["n"])'),
};

/** The version that answers now; "none" where there is none. */
export async function runningVersion(
  deployment: TestDeployment,
): Promise<unknown> {
  const { body } = await deployment.post("/api/query", {
    path: "app:version",
    args: {},
  });
  return (body as { value?: unknown }).value ?? "none";
}

/** Makes a whole push that must succeed. */
export async function pushed(
  deployment: TestDeployment,
  app: PushedApp,
): Promise<PushDiff> {
  const answer = await deployment.push(app);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body as PushDiff;
}

export async function start(
  deployment: TestDeployment,
  app: PushedApp,
): Promise<StartedPush> {
  const body = await pushBody(app);
  const answer = await deployment.step("deploy2/start_push", body);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body as StartedPush;
}

export const finish = (
  deployment: TestDeployment,
  startPush: unknown,
  dryRun = false,
) => deployment.step("deploy2/finish_push", { startPush, dryRun });

export const waitForSchema = (
  deployment: TestDeployment,
  { schemaChange }: { schemaChange: unknown },
  timeoutMs?: number,
) => deployment.step("deploy2/wait_for_schema", { schemaChange, timeoutMs });
