import type { Args, PreviewPage } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import type { OwnCutoffs } from "../../convex/sessionTracker/shared/runs/run.js";
import type { RetentionDays } from "../../convex/sessionTracker/shared/settings.js";

interface Bar {
  sessions: number;
  actions: number;
}

export interface PurgePreview {
  /** The cutoff as the deployment reckoned it. */
  cutoff: number;
  /** Now by the deployment's clock; ages are counted from it. */
  now: number;
  /** The revision of the settings that were in force for the count. */
  revision: number;
  retentionDays: RetentionDays;
  isBelowRetention: boolean;
  /**
   * The cutoffs of visits and actions that go while their session stays; absent where they go with it at the
   * latest.
   */
  cutoffs?: OwnCutoffs;
  /** What goes by these. */
  byRetention: { visits: number; actions: number };
  sessions: number;
  /** Visits of these sessions. */
  visits: number;
  /** Actions of these sessions. */
  actions: number;
  /** The size of the documents, without their indexes; 0 unless measured. */
  bytes: number;
  oldest: number | null;
  newest: number | null;
  /** Counts by the first moment of the UTC day of the last activity. */
  byDay: Map<number, Bar>;
  /** Counts by whole days since the last activity. */
  byAge: Map<number, Bar>;
}

/**
 * The cutoff of a purge, or none for that of the settings, perhaps of settings that are not in force
 * yet.
 */
export type PreviewRequest = Pick<
  Args<"runs/preview:purge">,
  "cutoff" | "from" | "patch"
>;

/**
 * Counts the sessions that such a purge deletes, by its own rule and to the end.
 * @param options.measure also count bytes, for which every action is read
 */
export async function previewPurge(
  client: ComponentClient,
  request: PreviewRequest,
  { measure = false }: { measure?: boolean } = {},
): Promise<PurgePreview> {
  let page = await client.query("runs/preview:purge", { ...request, measure });
  const { cutoff, cutoffs, now, revision, retentionDays, isBelowRetention } =
    page;
  const ofKinds = cutoffs === undefined ? {} : { cutoffs };
  const found: PurgePreview = {
    cutoff,
    ...ofKinds,
    byRetention: { visits: 0, actions: 0 },
    now,
    revision,
    retentionDays,
    isBelowRetention,
    sessions: 0,
    visits: 0,
    actions: 0,
    bytes: 0,
    oldest: null,
    newest: null,
    byDay: new Map(),
    byAge: new Map(),
  };
  addPage(found, page);
  while (page.cursor !== null) {
    page = await client.query("runs/preview:purge", {
      ...request,
      measure,
      cutoff,
      ...ofKinds,
      now,
      cursor: page.cursor,
    });
    addPage(found, page);
  }
  return found;
}

function addPage(found: PurgePreview, page: PreviewPage): void {
  found.sessions += page.sessions;
  found.visits += page.visits;
  found.actions += page.actions;
  found.byRetention.visits += page.byRetention.visits;
  found.byRetention.actions += page.byRetention.actions;
  found.bytes += page.bytes + page.byRetention.bytes;
  found.oldest = pick(Math.min, found.oldest, page.oldest);
  found.newest = pick(Math.max, found.newest, page.newest);
  for (const { day, ...bar } of page.byDay) add(found.byDay, day, bar);
  for (const { days, ...bar } of page.byAge) add(found.byAge, days, bar);
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
