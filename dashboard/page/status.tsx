/** The status screen: what `sessions-ops status` says, as parts of a page. */
import type { RunJson, StatusJson } from "../../cli/shapes.js";
import {
  Card,
  Facts,
  Pill,
  Table,
  Tile,
  type Column,
} from "../../example/src/components/index.js";
import { atLeast, durationText, numberText } from "./text.js";
import { When } from "./When.js";

interface Props {
  status: StatusJson;
  now: number;
}

type Schedule = StatusJson["schedules"][number];

export function StatusTiles({ status }: Pick<Props, "status">) {
  const { sessions, backlog } = status;
  const { expire, purge, limit } = backlog;
  return (
    <div className="tiles">
      <Tile label="Active" value={numberText(sessions.active)} />
      <Tile label="Expired" value={numberText(sessions.expired)} />
      <Tile label="Ended" value={numberText(sessions.ended)} />
      <Tile label="All sessions" value={numberText(sessions.total)} />
      <Tile label="Due to expire" value={atLeast(expire, expire >= limit)} />
      <Tile label="Due for purge" value={atLeast(purge, purge >= limit)} />
    </div>
  );
}

/** Runs in progress; nothing where there are none. */
export function Progress({ status }: Pick<Props, "status">) {
  const { progress, runs, backlog } = status;
  return progress.map(({ runId, left, sessionsPerSecond }) => {
    const run = runs.find((each) => each.runId === runId);
    if (run === undefined) return null;
    const isOpen = left >= backlog.limit;
    return (
      <Card
        key={runId}
        title={`Running: ${run.kind}`}
        note={progressText(run, left, isOpen, sessionsPerSecond)}
      >
        <progress
          aria-label={`Progress of the ${run.kind} run`}
          // Without a value it says that something goes on, and not how far.
          {...(isOpen
            ? {}
            : { value: run.sessions, max: Math.max(1, run.sessions + left) })}
        />
      </Card>
    );
  });
}

export function StatusFacts({ status, now }: Props) {
  const { target, version, oldest, watchdog, retentionDays } = status;
  return (
    <Card title="Deployment">
      <Facts
        facts={{
          Component: `${target.component} ${version}`,
          "Idle timeout": durationText(status.idleTimeoutMs),
          Retention:
            retentionDays === "never"
              ? "never purged"
              : durationText(retentionDays * 86_400_000),
          "Oldest session": oldest ? (
            <>
              <When at={oldest.lastActive} now={now} />{" "}
              <code>{oldest.sessionId}</code>
            </>
          ) : (
            "no inactive session"
          ),
          Watchdog: watchdog.lastAt ? (
            <>
              {watchdog.lastResult ?? "-"},{" "}
              <When at={watchdog.lastAt} now={now} />
            </>
          ) : (
            "has not run yet"
          ),
        }}
      />
    </Card>
  );
}

export function Schedules({ status, now }: Props) {
  const columns: Column<Schedule>[] = [
    { title: "Schedule", cell: ({ name }) => name },
    {
      title: "Spec",
      cell: ({ spec, timeZone }) => (
        <>
          <code>{spec}</code> {timeZone}
        </>
      ),
    },
    { title: "State", cell: (schedule) => <State schedule={schedule} /> },
    {
      title: "Next",
      cell: ({ nextAt }) => <When at={nextAt} now={now} isAhead />,
    },
    { title: "Last", cell: ({ lastAt }) => <When at={lastAt} now={now} /> },
    { title: "Did", cell: ({ lastResult }) => lastResult ?? "-" },
  ];
  return (
    <Card title="Schedules">
      <Table
        label="Schedules"
        columns={columns}
        rows={status.schedules}
        keyOf={({ name }) => name}
        empty="None."
      />
    </Card>
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function State({ schedule: { paused, state } }: { schedule: Schedule }) {
  if (paused) return <Pill tone="warn">paused: {paused.reason}</Pill>;
  return state === "pending" ? (
    <Pill tone="warn">pending</Pill>
  ) : (
    <Pill tone="good">on</Pill>
  );
}

function progressText(
  run: RunJson,
  left: number,
  isOpen: boolean,
  rate: number,
): string {
  const total = run.sessions + left;
  return [
    `${numberText(run.sessions)} of ${atLeast(total, isOpen)} sessions`,
    ...(isOpen || total === 0
      ? []
      : [`${Math.floor((run.sessions / total) * 100)}%`]),
    ...(rate === 0 ? [] : [`${numberText(rate)} a second`]),
    ...(rate === 0 || isOpen
      ? []
      : [`${durationText((left / rate) * 1_000)} left`]),
  ].join(", ");
}
