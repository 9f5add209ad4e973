/** What an `end` or a `forget` of many would take, counted by its own rule and to the end. */
import type { Args, Returns } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";

type Asked = Args<"runs/many/preview:page">;
type Page = Returns<"runs/many/preview:page">;

export type ManyRequest = Pick<Asked, "kind" | "filter" | "block">;
export type ManyPreview = Omit<Page, "cursor" | "revision">;

export async function previewMany(
  client: ComponentClient,
  request: ManyRequest,
): Promise<ManyPreview> {
  const first = await client.query("runs/many/preview:page", request);
  const { cursor: next, revision: _, ...found } = first;
  let cursor = next;
  while (cursor !== null) {
    const page: Page = await client.query("runs/many/preview:page", {
      ...request,
      filter: found.filter,
      cutoff: found.cutoff,
      cursor,
    });
    add(found, page);
    cursor = page.cursor;
  }
  return found;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function add(found: ManyPreview, page: Page): void {
  found.sessions += page.sessions;
  found.underWay += page.underWay;
  found.visits += page.visits;
  found.actions += page.actions;
  for (const state of ["active", "expired", "ended"] as const) {
    found.byState[state] += page.byState[state];
  }
  found.oldest = pick(Math.min, found.oldest, page.oldest);
  found.newest = pick(Math.max, found.newest, page.newest);
}

function pick(
  choose: (a: number, b: number) => number,
  a: number | null,
  b: number | null,
): number | null {
  if (a === null || b === null) return a ?? b;
  return choose(a, b);
}
