import type { PreviewPage } from "./api.js";
import type { ComponentClient } from "./client.js";

interface Bar {
  sessions: number;
  actions: number;
}

export interface PurgePreview {
  sessions: number;
  actions: number;
  /** Of the documents, without their indexes; 0 unless measured. */
  bytes: number;
  oldest: number | null;
  newest: number | null;
  /** By the first moment of the UTC day of the last activity. */
  byDay: Map<number, Bar>;
  /** By whole days since the last activity. */
  byAge: Map<number, Bar>;
}

/**
 * Counts what a purge with this cutoff deletes, by its own rule and to the end.
 * @param options.measure also count bytes, for which every action is read
 * @param options.now what ages are counted from
 */
export async function previewPurge(
  client: ComponentClient,
  cutoff: number,
  options: { measure?: boolean; now?: number } = {},
): Promise<PurgePreview> {
  const found: PurgePreview = {
    sessions: 0,
    actions: 0,
    bytes: 0,
    oldest: null,
    newest: null,
    byDay: new Map(),
    byAge: new Map(),
  };
  let cursor: PreviewPage["cursor"] = null;
  do {
    const page: PreviewPage = await client.query("previews:purge", {
      cutoff,
      cursor,
      ...options,
    });
    found.sessions += page.sessions;
    found.actions += page.actions;
    found.bytes += page.bytes;
    found.oldest = pick(Math.min, found.oldest, page.oldest);
    found.newest = pick(Math.max, found.newest, page.newest);
    for (const { day, ...bar } of page.byDay) add(found.byDay, day, bar);
    for (const { days, ...bar } of page.byAge) add(found.byAge, days, bar);
    cursor = page.cursor;
  } while (cursor !== null);
  return found;
}

function add(bars: Map<number, Bar>, key: number, more: Bar): void {
  const bar = bars.get(key) ?? { sessions: 0, actions: 0 };
  bars.set(key, {
    sessions: bar.sessions + more.sessions,
    actions: bar.actions + more.actions,
  });
}

function pick(
  choose: (a: number, b: number) => number,
  a: number | null,
  b: number | null,
): number | null {
  if (a === null || b === null) return a ?? b;
  return choose(a, b);
}
