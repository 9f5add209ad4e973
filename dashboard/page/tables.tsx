import type { LogEntry } from "../../cli/dashboard/shapes.js";
import type { RunShowJson } from "../../cli/json/run.js";
import { Pill, Table, type Column, type Tone } from "../../ui/index.js";
import { numberText } from "./text.js";
import { When } from "./When.js";

/** Rows of a table before somebody asks for more. */
const NEWEST = 8;

export function RunTable({
  runs,
  now,
}: {
  runs: RunShowJson[] | undefined;
  now: number;
}) {
  const columns: Column<RunShowJson>[] = [
    { title: "Started", cell: (run) => <When at={run.startedAt} /> },
    { title: "Kind", cell: (run) => run.kind },
    {
      title: "Status",
      cell: (run) => <Pill {...toneOf(run)}>{statusText(run)}</Pill>,
    },
    {
      title: "Sessions",
      isNumber: true,
      cell: (run) => numberText(run.sessions),
    },
    {
      title: "Visits",
      isNumber: true,
      cell: (run) => numberText(run.visits),
    },
    {
      title: "Actions",
      isNumber: true,
      cell: (run) => numberText(run.actions),
    },
    {
      title: "Which",
      cell: ({ cutoff, filter }) =>
        filter === null ? (
          <>
            inactive before <When at={cutoff} />
          </>
        ) : (
          <p className="text">{filterText(filter)}</p>
        ),
    },
    {
      title: "By",
      cell: ({ actor, reason }) => (
        <p className="text">
          {reason === null ? actor : `${actor}: ${reason}`}
        </p>
      ),
    },
    {
      title: "Progress",
      cell: (run) => <When at={run.progressAt} now={now} />,
    },
    { title: "Run", cell: ({ runId }) => <Id id={runId} /> },
  ];
  return (
    <Table
      label="Runs"
      columns={columns}
      rows={runs}
      keyOf={(run) => run.runId}
      empty="No run yet."
      newest={NEWEST}
    />
  );
}

/** The errors of all runs shown, newest first; equal ones of one run are one row. */
export function ErrorTable({ runs }: { runs: RunShowJson[] | undefined }) {
  const columns: Column<ErrorGroup>[] = [
    { title: "Last at", cell: ({ at }) => <When at={at} /> },
    { title: "Kind", cell: ({ kind }) => kind },
    { title: "Message", cell: ({ message }) => <Message text={message} /> },
    { title: "Sessions", cell: ({ sessionIds }) => <Ids ids={sessionIds} /> },
    { title: "Run", cell: ({ runId }) => <Id id={runId} /> },
  ];
  return (
    <Table
      label="Errors of runs"
      columns={columns}
      rows={runs && runs.flatMap(errorGroups).sort(newestFirst)}
      keyOf={({ runId, message }) => `${runId} ${message}`}
      empty="No errors."
      newest={NEWEST}
    />
  );
}

export function LogTable({
  log,
  now,
}: {
  log: LogEntry[] | undefined;
  now: number;
}) {
  const columns: Column<LogEntry>[] = [
    { title: "Revision", isNumber: true, cell: ({ revision }) => revision },
    { title: "At", cell: ({ at }) => <When at={at} /> },
    { title: "Ago", cell: ({ at }) => <When at={at} now={now} /> },
    { title: "Who", cell: ({ actor }) => actor },
    {
      title: "Why",
      cell: ({ reason }) => <p className="text">{reason ?? "-"}</p>,
    },
    {
      title: "What",
      cell: ({ changes }) =>
        changes.map((change) => (
          <p key={change} className="text">
            {change}
          </p>
        )),
    },
  ];
  return (
    <Table
      label="Settings log"
      columns={columns}
      rows={log}
      keyOf={({ revision }) => String(revision)}
      empty="Nobody has changed a setting yet; the defaults are in force."
      newest={NEWEST}
    />
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

interface ErrorGroup {
  runId: string;
  kind: string;
  message: string;
  /** The time of the last one. */
  at: string;
  sessionIds: string[];
}

function errorGroups({ runId, kind, errors }: RunShowJson): ErrorGroup[] {
  const groups = new Map<string, ErrorGroup>();
  for (const { message, at, sessionId } of errors) {
    const found = groups.get(message);
    const group = found ?? { runId, kind, message, at, sessionIds: [] };
    if (at > group.at) group.at = at;
    if (sessionId !== null) group.sessionIds.push(sessionId);
    groups.set(message, group);
  }
  return [...groups.values()];
}

function newestFirst(a: ErrorGroup, b: ErrorGroup): number {
  return a.at < b.at ? 1 : -1;
}

function Id({ id }: { id: string }) {
  return <code className="id">{id}</code>;
}

function Ids({ ids }: { ids: string[] }) {
  const [id, ...others] = ids;
  if (id === undefined) return "-";
  if (others.length === 0) return <Id id={id} />;
  return (
    <details>
      <summary>{ids.length} sessions</summary>
      {ids.map((each) => (
        <Id key={each} id={each} />
      ))}
    </details>
  );
}

/** The first line of a message; its stack only where somebody asks for it. */
function Message({ text }: { text: string }) {
  const [line = "", ...stack] = text.split("\n");
  if (stack.length === 0) return <p className="text">{line}</p>;
  return (
    <details className="text">
      <summary>{line}</summary>
      <pre>{stack.join("\n")}</pre>
    </details>
  );
}

function toneOf({ status, quarantined }: RunShowJson): { tone?: Tone } {
  switch (status) {
    case "failed":
      return { tone: "bad" };
    case "canceled":
    case "maxReached":
      return { tone: "warn" };
    case "completed":
      return { tone: quarantined > 0 ? "warn" : "good" };
    case "running":
      return {};
  }
}

/** The filter of an `end` or a `forget` in words. */
function filterText(filter: NonNullable<RunShowJson["filter"]>): string {
  const words = {
    userId: "user",
    state: "state",
    createdBefore: "created before",
    createdAfter: "created since",
    activeBefore: "last active before",
    activeAfter: "last active since",
    exceptSessionId: "except",
  } satisfies Record<keyof typeof filter, string>;
  return (Object.keys(words) as (keyof typeof words)[])
    .flatMap((field) => {
      const value = filter[field];
      return value === null ? [] : [`${words[field]} ${value}`];
    })
    .join(", ");
}

function statusText({ status, waitingUntil }: RunShowJson): string {
  if (waitingUntil !== null) return `waits until ${waitingUntil}`;
  return status === "maxReached" ? "reached its maximum" : status;
}
