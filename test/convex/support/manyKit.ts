/** Support for tests of runs over many sessions: asking for them, and what they leave. */
import type { FunctionArgs } from "convex/server";
import { expect } from "vitest";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import type { Doc } from "../../../convex/sessionTracker/_generated/dataModel.js";
import type { FilteredKind } from "../../../convex/sessionTracker/shared/runs/kinds.js";
import type { Run } from "../../../convex/sessionTracker/shared/runs/run.js";
import { type Component, readRows } from "./rows.js";
import { finishRun, untilFirstPage } from "./runKit.js";

type Start = FunctionArgs<typeof api.runs.control.start>;
export type Asked = Pick<Start, "filter" | "block" | "cutoff"> & Partial<Start>;

/** Starts a run, whose first page is done then. */
export async function startMany(
  t: Component,
  kind: FilteredKind,
  asked: Asked,
): Promise<Run["runId"]> {
  const { runId, status } = await t.mutation(api.runs.control.start, {
    kind,
    actor: "tester",
    trigger: "operator",
    ...asked,
  });
  expect(status).toBe("started");
  await untilFirstPage(t, runId);
  return runId;
}

export async function doMany(
  t: Component,
  kind: FilteredKind,
  asked: Asked,
): Promise<Run> {
  return await finishRun(t, await startMany(t, kind, asked));
}

type PageArgs = FunctionArgs<typeof api.runs.many.preview.page>;

/** All pages of a preview, each count summed up. */
export async function previewMany(
  t: Component,
  { cursor = null, ...asked }: PageArgs,
) {
  const first = await t.query(api.runs.many.preview.page, { ...asked, cursor });
  const { filter, cutoff } = first;
  const sum = { ...first, pages: 1 };
  while (sum.cursor !== null) {
    const page = await t.query(api.runs.many.preview.page, {
      ...asked,
      ...{ filter, cutoff, cursor: sum.cursor },
    });
    sum.pages += 1;
    for (const key of ["sessions", "underWay", "visits", "actions"] as const) {
      sum[key] += page[key];
    }
    sum.cursor = page.cursor;
  }
  return sum;
}

/** The states of all sessions, by their anonymousId. */
export async function statesOf(
  t: Component,
): Promise<Record<string, Doc<"sessions">["state"]>> {
  const { sessions } = await readRows(t);
  return Object.fromEntries(
    sessions.map(({ anonymousId, state }) => [anonymousId, state]),
  );
}

export async function sessionOf(
  t: Component,
  anonymousId: string,
): Promise<Doc<"sessions">> {
  const { sessions } = await readRows(t);
  const found = sessions.find((row) => row.anonymousId === anonymousId);
  if (found === undefined) throw new Error(`There is no ${anonymousId}.`);
  return found;
}
