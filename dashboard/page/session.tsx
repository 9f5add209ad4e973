/** One session with its visits, for whoever names it. */
import { useRef, useState, type FormEvent } from "react";
import type { SessionDetails } from "../../cli/dashboard/shapes.js";
import {
  Card,
  Facts,
  Notice,
  shortDuration,
  Table,
  type Column,
} from "../../ui/index.js";
import { numberText } from "./text.js";
import { When } from "./When.js";

/** Rows of the table before somebody asks for more. */
const NEWEST = 8;

export function SessionCard() {
  const [answer, ask] = useAnswer();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const id = new FormData(event.currentTarget).get("id");
    if (typeof id === "string" && id.trim() !== "") ask(id.trim());
  };
  return (
    <Card title="A session" note="when asked for; times in UTC">
      <form className="buttons" onSubmit={submit}>
        <input
          className="field"
          name="id"
          aria-label="sessionId or anonymousId"
          placeholder="sessionId or anonymousId"
          autoComplete="off"
          spellCheck={false}
        />
        <button className="button" type="submit">
          Show
        </button>
      </form>
      {answer !== undefined && <Found {...answer} />}
    </Card>
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

interface Answer {
  id: string;
  /** `null`: there is no such session; `undefined`: it loads. */
  details?: SessionDetails | null;
  error?: string;
}

/** The answer to the last question, and how to ask. */
function useAnswer() {
  const [answer, setAnswer] = useState<Answer>();
  const asked = useRef(0);
  const ask = (id: string): void => {
    const question = (asked.current += 1);
    setAnswer({ id });
    void read(id).then((found) => {
      // An answer that a later question has overtaken is of no interest.
      if (asked.current === question) setAnswer({ id, ...found });
    });
  };
  return [answer, ask] as const;
}

async function read(id: string): Promise<Omit<Answer, "id">> {
  try {
    const response = await fetch(`session?id=${encodeURIComponent(id)}`);
    if (!response.ok) return { error: await response.text() };
    return { details: (await response.json()) as SessionDetails | null };
  } catch {
    return { error: "The command that serves this page does not answer." };
  }
}

function Found({ id, details, error }: Answer) {
  if (error !== undefined) return <Notice tone="bad">{error}</Notice>;
  if (details === undefined) return <p className="muted">Loading …</p>;
  if (details === null) {
    return (
      <p className="muted text">
        There is no session of <code>{id}</code>.
      </p>
    );
  }
  const { session, visits, hasMore } = details;
  return (
    <>
      <Facts
        facts={{
          Session: <code>{session.sessionId}</code>,
          State: session.state,
          Created: <When at={session.createdAt} />,
          "Last active": <When at={session.lastActive} />,
          Visits: numberText(session.visits),
          Engaged: shortDuration(session.engagedMs),
          Actions: numberText(session.actions),
          "Came from": session.source,
          ...(session.userId !== undefined && { User: session.userId }),
          ...(session.endReason !== undefined && {
            "Ended because": session.endReason,
          }),
        }}
      />
      <Table
        label="Visits of the session"
        columns={VISIT_COLUMNS}
        rows={visits}
        keyOf={({ startedAt, endedAt }) => `${startedAt} ${endedAt}`}
        empty="None of its visits is kept one by one."
        newest={NEWEST}
      />
      {hasMore && (
        <p className="muted">
          There are earlier visits: <code>sessions-ops show</code> has them.
        </p>
      )}
    </>
  );
}

type Visit = SessionDetails["visits"][number];

const VISIT_COLUMNS: Column<Visit>[] = [
  { title: "Began", cell: ({ startedAt }) => <When at={startedAt} /> },
  {
    title: "Ended",
    cell: ({ endedAt }) =>
      endedAt === null ? "under way" : <When at={endedAt} />,
  },
  { title: "Why", cell: ({ why }) => why ?? "-" },
  {
    title: "Engaged",
    isNumber: true,
    cell: ({ engagedMs }) => shortDuration(engagedMs),
  },
  {
    title: "Actions",
    isNumber: true,
    cell: ({ actions }) => numberText(actions),
  },
  {
    title: "Came from",
    cell: ({ source }) => <p className="text">{source}</p>,
  },
  {
    title: "First page",
    cell: ({ entry }) => <p className="text narrow">{entry?.path ?? "-"}</p>,
  },
  {
    title: "Last page",
    cell: ({ exitPath }) => <p className="text narrow">{exitPath ?? "-"}</p>,
  },
];
