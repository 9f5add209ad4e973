import { useOwnVisit } from "sessions-ops/react";
import {
  Ago,
  Card,
  Facts,
  Notice,
  Pill,
  Short,
  shortDuration,
  useNow,
} from "../../ui/index.js";

/** The visitor's own visit, as the deployment knows it, live. */
export function VisitCard({ isTracked }: { isTracked: boolean }) {
  const { visit, error } = useOwnVisit();
  return (
    <Card title="Your visit" note={visit && <State {...visit} />}>
      {error && <Notice tone="bad">{error.message}</Notice>}
      {visit ? (
        <VisitFacts {...visit} />
      ) : (
        <p className="muted">
          {isTracked && visit === undefined ? "Loading …" : "None is known."}
        </p>
      )}
      <p className="muted">
        The browser measures how long the page is in view, and tells it with
        heartbeats and when the page is left. Where from is what began the
        visit: end the session, then{" "}
        <a href="./?utm_source=newsletter&utm_medium=email">
          come from a newsletter
        </a>
        .
      </p>
    </Card>
  );
}

type Visit = NonNullable<ReturnType<typeof useOwnVisit>["visit"]>;

function State({ why }: Visit) {
  if (why === null) return <Pill tone="good">under way</Pill>;
  return <Pill>over: {WHY[why]}</Pill>;
}

const WHY = {
  idle: "you were away",
  maximum: "it was the longest that a visit may be",
  ended: "you ended it",
};

function VisitFacts({ entry, path, ...visit }: Visit) {
  const now = useNow();
  return (
    <Facts
      facts={{
        "Visit number": visit.visits,
        Began: <Ago at={visit.startedAt} now={now} />,
        "Engaged so far": (
          <>
            {shortDuration(visit.engagedMs)}, told{" "}
            <Ago at={visit.lastActive} now={now} />
          </>
        ),
        "Actions so far": visit.actions,
        "Came from": (
          <Short text={entry?.utmSource ?? entry?.referrer ?? "direct"} />
        ),
        "First page": entry?.path ?? "unknown",
        "Page now": path ?? "unknown",
        Device: entry?.device ?? "unknown",
      }}
    />
  );
}
