import type { PreviewPage } from "./api.js";
import type { ComponentClient } from "./client.js";

export interface PurgePreview {
  sessions: number;
  actions: number;
  oldest: number | null;
  newest: number | null;
}

/** Counts what a purge with this cutoff deletes, by its own rule and to the end. */
export async function previewPurge(
  client: ComponentClient,
  cutoff: number,
): Promise<PurgePreview> {
  const found: PurgePreview = {
    sessions: 0,
    actions: 0,
    oldest: null,
    newest: null,
  };
  let cursor: PreviewPage["cursor"] = null;
  do {
    const page = await previewPage(client, cutoff, cursor);
    found.sessions += page.sessions;
    found.actions += page.actions;
    found.oldest = pick(Math.min, found.oldest, page.oldest);
    found.newest = pick(Math.max, found.newest, page.newest);
    cursor = page.cursor;
  } while (cursor !== null);
  return found;
}

function previewPage(
  client: ComponentClient,
  cutoff: number,
  cursor: PreviewPage["cursor"],
): Promise<PreviewPage> {
  return client.query("previews:purge", { cutoff, cursor });
}

function pick(
  choose: (a: number, b: number) => number,
  a: number | null,
  b: number | null,
): number | null {
  if (a === null || b === null) return a ?? b;
  return choose(a, b);
}
