import type { StatusJson } from "../../cli/json/status/status.js";

/** What `status` says, by the metrics that say the same: those that are there at all times. */
export function figuresOfStatus(status: StatusJson): Record<string, number> {
  const { sessions, today, oldest, backlog, refused, watchdog } = status;
  const { completed, running } = runsByKind(status);
  const figures: Record<string, number | null> = {
    'sessions{state="active"}': sessions.active,
    'sessions{state="expired"}': sessions.expired,
    'sessions{state="ended"}': sessions.ended,
    oldest_inactive_timestamp_seconds: seconds(oldest?.lastActive),
    'backlog_sessions{kind="expire"}': backlog.expire,
    'backlog_sessions{kind="purge"}': backlog.purge,
    today_timestamp_seconds: seconds(today.day),
    today_visits: today.visits,
    today_new_visitors: today.newVisitors,
    today_bounces: today.bounces,
    today_actions: today.actions,
    today_engaged_seconds: today.engagedMs / 1_000,
    'runs_running{kind="purge"}': running("purge"),
    'runs_running{kind="expire"}': running("expire"),
    'run_last_success_timestamp_seconds{kind="purge"}': completed("purge"),
    'run_last_success_timestamp_seconds{kind="expire"}': completed("expire"),
    'refused_calls{bound="maxNewSessionsPerMinute"}': refused.newSessions,
    'refused_calls{bound="maxNewSessionsPerMinutePerAddress"}':
      refused.ofAddress,
    'refused_calls{bound="maxActionsPerMinute"}': refused.actionsPerMinute,
    'refused_calls{bound="maxActionsPerSession"}': refused.actionsPerSession,
    watchdog_last_look_timestamp_seconds: seconds(watchdog.lastAt),
    watchdog_gave_up: Number(watchdog.gaveUp !== null),
    hook_debts: status.hookDebts,
  };
  for (const { name, paused, nextAt } of status.schedules) {
    const label = `{schedule="${name}"}`;
    figures[`schedule_paused${label}`] = Number(paused !== null);
    figures[`schedule_next_fire_timestamp_seconds${label}`] = seconds(nextAt);
  }
  return Object.fromEntries(
    Object.entries(figures).flatMap(([name, value]) =>
      value === null ? [] : [[`sessions_ops_${name}`, value]],
    ),
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function runsByKind({ runs }: StatusJson) {
  const of = (kind: string, status: string) =>
    runs.filter((run) => run.kind === kind && run.status === status);
  return {
    running: (kind: string) => of(kind, "running").length,
    completed: (kind: string) => seconds(of(kind, "completed")[0]?.finishedAt),
  };
}

function seconds(time: string | null | undefined): number | null {
  return time ? Date.parse(time) / 1_000 : null;
}
