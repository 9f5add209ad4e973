/** Schedules, and what their fires came to. */
import type { FireRow } from "../../cli/dashboard/shapes.js";
import type { StatusJson } from "../../cli/json/status/status.js";
import { Pill, type Column, type Tone } from "../../ui/index.js";
import { TableCard } from "./TableCard.js";
import { durationText, numberText } from "./text.js";
import { When } from "./When.js";

export function Schedules({
  status,
  now,
}: {
  status: StatusJson;
  now: number;
}) {
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
    {
      title: "Rules",
      cell: (schedule) => <p className="text">{rulesText(schedule)}</p>,
    },
    {
      title: "State",
      cell: (schedule) => <State schedule={schedule} runs={status.runs} />,
    },
    {
      title: "Next due",
      cell: ({ nextAt }) => <When at={nextAt} now={now} isAhead />,
    },
    { title: "Last", cell: ({ lastAt }) => <When at={lastAt} now={now} /> },
    { title: "Did", cell: ({ lastResult }) => lastResult ?? "-" },
  ];
  return (
    <TableCard
      title="Schedules"
      columns={columns}
      rows={status.schedules}
      keyOf={({ name }) => name}
      empty="None."
    />
  );
}

export function Fires({ fires }: { fires: FireRow[] | undefined }) {
  const columns: Column<FireRow>[] = [
    { title: "Due", cell: (fire) => <Due fire={fire} /> },
    { title: "Schedule", cell: ({ name }) => name },
    { title: "Fires", isNumber: true, cell: ({ count }) => numberText(count) },
    {
      title: "Outcome",
      cell: ({ outcome }) => (
        <Pill {...TONES[outcome]}>{OUTCOMES[outcome]}</Pill>
      ),
    },
    {
      title: "What",
      cell: ({ outcome, text }) => (
        <p className="text">{text === OUTCOMES[outcome] ? "-" : text}</p>
      ),
    },
  ];
  return (
    <TableCard
      title="Fires of schedules"
      note="the newest 50, also those that did nothing; times in UTC"
      columns={columns}
      rows={fires}
      keyOf={({ name, firstDueAt, outcome }) =>
        `${name} ${firstDueAt} ${outcome}`
      }
      empty="No schedule has fired yet."
    />
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

type Schedule = StatusJson["schedules"][number];

/** What a schedule keeps to beside its spec. */
function rulesText({ window, jitterMs, pauseOnFailure }: Schedule): string {
  const rules = [
    ...(window === null ? [] : [`from ${window.opens} to ${window.closes}`]),
    ...(jitterMs === null ? [] : [`up to ${durationText(jitterMs)} later`]),
    ...(pauseOnFailure === null
      ? []
      : [`pauses after ${numberText(pauseOnFailure)} failures`]),
  ];
  return rules.join(", ") || "-";
}

function State({
  schedule: { name, paused, state },
  runs,
}: {
  schedule: Schedule;
  runs: StatusJson["runs"];
}) {
  if (paused) return <Pill tone="warn">paused: {paused.reason}</Pill>;
  if (state === "pending") return <Pill tone="warn">pending</Pill>;
  const waiting = runs.find(
    ({ kind, status, waitingUntil }) =>
      kind === name && status === "running" && waitingUntil !== null,
  );
  if (waiting === undefined) return <Pill tone="good">on</Pill>;
  return (
    <Pill>
      waits for its window until <When at={waiting.waitingUntil} />
    </Pill>
  );
}

function Due({ fire: { firstDueAt, dueAt, count } }: { fire: FireRow }) {
  if (count === 1) return <When at={dueAt} />;
  return (
    <>
      <When at={firstDueAt} /> to <When at={dueAt} />
    </>
  );
}

const OUTCOMES: Record<FireRow["outcome"], string> = {
  started: "started",
  nothingDue: "nothing due",
  alreadyRunning: "still running",
  paused: "paused",
  outsideWindow: "outside of its window",
  waitingForWindow: "waits for its window",
  failed: "failed",
  missed: "missed",
};

const TONES: Partial<Record<FireRow["outcome"], { tone: Tone }>> = {
  started: { tone: "good" },
  alreadyRunning: { tone: "warn" },
  paused: { tone: "warn" },
  failed: { tone: "bad" },
  missed: { tone: "bad" },
};
