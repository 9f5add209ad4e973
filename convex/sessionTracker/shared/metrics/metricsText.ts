/**
 * The metrics, by their names. Ages are given as the time since which, in seconds since the epoch: they stay the same
 * until something happens, and a scraper takes them from its own `time()`.
 */
import { RUN_KINDS } from "../runs/kinds.js";
import type { Figures } from "./figures.js";
import { type Family, openMetricsText, type Sample } from "./openMetrics.js";

/** The figures as OpenMetrics text, which Prometheus and others scrape. */
export function metricsText(figures: Figures): string {
  return openMetricsText([
    ...ofSessions(figures),
    ...ofDay(figures),
    ...ofRuns(figures),
    ...ofSchedules(figures),
    ...ofUpkeep(figures),
  ]);
}

function ofSessions({
  version,
  sessions,
  oldestInactiveAt,
  backlog,
}: Figures): Family[] {
  return [
    {
      name: "sessions_ops_build",
      type: "info",
      help: "The version of the component.",
      samples: [{ labels: { version }, value: 1 }],
    },
    gauge("sessions", "Sessions by their stored state.", [
      ...STATES.map((state) => ({
        labels: { state },
        value: sessions[state],
      })),
    ]),
    since(
      "oldest_inactive",
      "When the session that has been inactive the longest was last active.",
      at({}, oldestInactiveAt),
    ),
    gauge(
      "backlog_sessions",
      "Sessions that the next run would find, counted up to 1000.",
      backlog.map((one) => ({
        labels: { kind: one.kind },
        value: one.sessions,
      })),
    ),
    since(
      "backlog_due_since",
      "Since when the oldest session of the backlog has been due; absent without one.",
      backlog.flatMap(({ kind, dueSince }) => at({ kind }, dueSince)),
    ),
  ];
}

function ofDay({ today }: Figures): Family[] {
  return [
    since("today", "When the UTC day of the figures of today began.", [
      { value: Date.parse(today.day) / 1_000 },
    ]),
    gauge(
      "today_visits",
      "Visits that began on this UTC day and are over, so far.",
      [{ value: today.visits }],
    ),
    gauge("today_new_visitors", "Those of them that were a visitor's first.", [
      { value: today.newVisitors },
    ]),
    gauge(
      "today_bounces",
      "Those of them with less than 10 s of engaged time and no action.",
      [{ value: today.bounces }],
    ),
    gauge("today_actions", "Actions of those visits.", [
      { value: today.actions },
    ]),
    {
      ...gauge("today_engaged_seconds", "Engaged time of those visits.", [
        { value: today.engagedMs / 1_000 },
      ]),
      unit: "seconds",
    },
  ];
}

function ofRuns({ runs, kinds }: Figures): Family[] {
  // Those that never happened are 0, or a scraper could not tell the first.
  const totals = RUN_KINDS.flatMap((kind) =>
    OUTCOMES.map((outcome) => {
      const found = runs.find(
        (one) => one.kind === kind && one.status === outcome,
      );
      const { runs: count = 0, durationMs = 0 } = found ?? {};
      return { labels: { kind, outcome }, count, durationMs };
    }),
  );
  return [
    {
      name: "sessions_ops_runs",
      type: "counter",
      help: "Runs that came to their end, by kind and outcome.",
      samples: totals.map(({ labels, count }) => ({ labels, value: count })),
    },
    {
      name: "sessions_ops_run_duration_seconds",
      type: "counter",
      unit: "seconds",
      help: "What these runs took together, from start to end.",
      samples: totals.map(({ labels, durationMs }) => ({
        labels,
        value: durationMs / 1_000,
      })),
    },
    gauge(
      "runs_running",
      "Whether a run of the kind is running.",
      kinds.map(({ kind, runningSince }) => ({
        labels: { kind },
        value: runningSince === null ? 0 : 1,
      })),
    ),
    since(
      "run_started",
      "When the running run was started; absent without one.",
      kinds.flatMap(({ kind, runningSince }) => at({ kind }, runningSince)),
    ),
    since(
      "run_last_success",
      "When the newest run of the kind that ended well ended; absent without one.",
      kinds.flatMap(({ kind, lastSuccessAt }) => at({ kind }, lastSuccessAt)),
    ),
  ];
}

function ofSchedules({ schedules, kinds }: Figures): Family[] {
  return [
    gauge(
      "schedule_paused",
      "Whether the schedule is paused.",
      schedules.map(({ name, isPaused }) => ({
        labels: { schedule: name },
        value: Number(isPaused),
      })),
    ),
    since(
      "schedule_last_good",
      "When a run of the schedule's kind last ended well, or a fire found nothing due.",
      schedules.flatMap(({ name, lastFire }) => {
        const kind = kinds.find((one) => one.kind === name);
        const idle = lastFire?.outcome === "nothingDue" ? lastFire.at : 0;
        const last = Math.max(idle, kind?.lastSuccessAt ?? 0);
        return at({ schedule: name }, last === 0 ? null : last);
      }),
    ),
    since(
      "schedule_last_fire",
      "When the last fire of the schedule was decided for, with what it came to.",
      schedules.flatMap(({ name, lastFire }) =>
        lastFire === null
          ? []
          : at({ schedule: name, outcome: lastFire.outcome }, lastFire.at),
      ),
    ),
    {
      ...gauge(
        "schedule_lag_seconds",
        "How long after it was due the last fire was decided for, jitter included.",
        schedules.flatMap(({ name, lastFire }) =>
          lastFire === null
            ? []
            : [{ labels: { schedule: name }, value: lastFire.lagMs / 1_000 }],
        ),
      ),
      unit: "seconds",
    },
    since(
      "schedule_next_fire",
      "When the first fire comes that nobody has decided for yet; absent while paused.",
      schedules.flatMap(({ name, nextAt }) => at({ schedule: name }, nextAt)),
    ),
  ];
}

function ofUpkeep(figures: Figures): Family[] {
  const { refused, watchdog, hookDebts, webhooks, failedDeliveries } = figures;
  return [
    gauge(
      "refused_calls",
      "Calls of visitors that the bounds of the settings refused in the last 24 hours.",
      [
        of("maxNewSessionsPerMinute", refused.newSessions),
        of("maxNewSessionsPerMinutePerAddress", refused.ofAddress),
        of("maxActionsPerMinute", refused.actionsPerMinute),
        of("maxActionsPerSession", refused.actionsPerSession),
      ],
    ),
    since(
      "watchdog_last_look",
      "When the watchdog last looked.",
      at({}, watchdog.lastAt),
    ),
    gauge(
      "watchdog_gave_up",
      "Whether the watchdog has stopped restarting runs and schedules.",
      [{ value: Number(watchdog.gaveUpAt !== null) }],
    ),
    gauge(
      "hook_debts",
      "Erasures that hooks of the app have not done their part of, counted up to 100.",
      [{ value: hookDebts }],
    ),
    since(
      "webhook_failing_since",
      "Since when nothing was delivered to the webhook; absent while deliveries arrive.",
      webhooks.flatMap(({ webhookId, failingSince }) =>
        at({ webhook: webhookId }, failingSince),
      ),
    ),
    gauge(
      "webhook_disabled",
      "Whether the webhook is disabled.",
      webhooks.map(({ webhookId, isDisabled }) => ({
        labels: { webhook: webhookId },
        value: Number(isDisabled),
      })),
    ),
    gauge(
      "webhook_failed_deliveries",
      "Deliveries in the ledger that were given up, counted up to 100.",
      [{ value: failedDeliveries }],
    ),
  ];
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const STATES = ["active", "expired", "ended"] as const;
const OUTCOMES = ["completed", "maxReached", "failed", "canceled"] as const;

function gauge(name: string, help: string, samples: Sample[]): Family {
  return { name: `sessions_ops_${name}`, type: "gauge", help, samples };
}

/** A family of times. */
function since(name: string, help: string, samples: Sample[]): Family {
  const unit = "seconds" as const;
  return { ...gauge(`${name}_timestamp_seconds`, help, samples), unit };
}

/** A time in ms since the epoch as a sample; none for `null`. */
function at(labels: Record<string, string>, time: number | null): Sample[] {
  return time === null ? [] : [{ labels, value: time / 1_000 }];
}

function of(bound: string, value: number): Sample {
  return { labels: { bound }, value };
}
