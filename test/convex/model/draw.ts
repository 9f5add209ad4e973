/** What is drawn by chance for the operations of the model's test. */
import type { Random } from "../../../embedded/test/support/random.js";
import type { VisitReport } from "../../../convex/sessionTracker/shared/visits.js";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../support/fresh.js";
import type { ImportedRow, Visitor } from "./sessionModel.js";

export const START = Date.UTC(2026, 0, 1);

export const VISITORS = [
  ...Array.from({ length: 30 }, (_, n) => `visitor-${n}`),
  ...Array.from({ length: 4 }, (_, n) => `poison-${n}`),
];

/** What a page may say with a call: of this visit, of the one before, of one that never was; late, or wrong. */
export function drawReport(
  random: Random,
  visitor: Visitor | undefined,
): { visit?: VisitReport } {
  if (random.below(4) === 0) return {};
  const named = random.pick([
    visitor?.startedAt,
    visitor?.startedAt,
    visitor?.finished.at(-1)?.startedAt,
    START - 1,
    undefined,
  ]);
  const engagedMs = random.pick([0, 900, 12_000, 3 * MINUTE_MS, DAY_MS]);
  return {
    visit: {
      ...(named === undefined ? {} : { startedAt: named }),
      ...random.pick([{ engagedMs }, {}]),
      ...random.pick([{ isLeaving: true }, {}, {}]),
      ...random.pick([{ path: "/" }, { path: "/pricing" }, {}]),
      ...random.pick([{ referrer: "news.example.com" }, {}]),
      ...random.pick([{ utmSource: "letter" }, {}]),
      ...random.pick([{ device: "mobile" as const }, {}]),
    },
  };
}

export function drawAction(random: Random) {
  return random.pick([
    { action: "click" },
    { action: "view", resourceId: "page" },
    { action: "view", resourceId: "page", metadata: { depth: 2 } },
  ]);
}

export function drawRow(random: Random): ImportedRow {
  const agoMs = [0, 10_000, 5 * MINUTE_MS, HOUR_MS, 2 * DAY_MS, 20 * DAY_MS];
  const lastActive = Date.now() - random.pick(agoMs);
  const createdAt = lastActive - random.pick([0, HOUR_MS, DAY_MS]);
  const actions = Array.from({ length: random.below(6) }, () => ({
    at: lastActive - random.pick([0, 0, 1_000]),
    ...drawAction(random),
  }));
  const anonymousId = random.pick(VISITORS);
  return { anonymousId, createdAt, lastActive, actions };
}
