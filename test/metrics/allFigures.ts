import type { Figures } from "../../convex/sessionTracker/shared/metrics/figures.js";

const AT = Date.UTC(2026, 0, 1);

/** Figures of which each metric has a sample. */
export const ALL_FIGURES: Figures = {
  version: "0.1.0",
  sessions: { active: 2, expired: 1, ended: 0 },
  today: {
    day: "2026-01-01",
    newVisitors: 1,
    visits: 1,
    bounces: 0,
    engagedMs: 1_000,
    actions: 1,
  },
  oldestInactiveAt: AT,
  backlog: [{ kind: "purge", sessions: 1, dueSince: AT }],
  runs: [],
  kinds: [{ kind: "purge", runningSince: AT, lastSuccessAt: AT }],
  schedules: [
    {
      name: "purge",
      isPaused: false,
      lastTickAt: AT,
      lastFire: { outcome: "started", at: AT, lagMs: 10 },
      nextAt: AT,
    },
  ],
  refused: {
    newSessions: 0,
    ofAddress: 0,
    actionsPerMinute: 0,
    actionsPerSession: 0,
  },
  watchdog: { lastAt: AT, gaveUpAt: null },
  hookDebts: 0,
  webhooks: [{ webhookId: "w", failingSince: AT, isDisabled: false }],
  failedDeliveries: 0,
};
