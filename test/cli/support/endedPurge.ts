import { api } from "../../../convex/sessionTracker/_generated/api.js";
import type { Doc } from "../../../convex/sessionTracker/_generated/dataModel.js";
import type { Component } from "../../convex/support/rows.js";

/** Starts a purge as another operator, and ends it with these fields. @returns its runId */
export async function endedPurge(
  component: Component,
  cutoff: number,
  fields: Partial<Doc<"runs">> & Pick<Doc<"runs">, "status">,
): Promise<string> {
  const { runId } = await component.mutation(api.runs.control.start, {
    ...{ kind: "purge", cutoff, actor: "cli:bob@desk", trigger: "operator" },
  });
  await component.run(async (ctx) => {
    const [run] = await ctx.db.query("runs").order("desc").take(1);
    if (run?._id !== runId) throw new Error("No run was started.");
    await ctx.db.patch("runs", run._id, fields);
  });
  return runId;
}
