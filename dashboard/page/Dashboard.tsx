import { memo, useSyncExternalStore } from "react";
import { Card, DayChart, Notice, Pill, useNow } from "../../ui/index.js";
import type {
  AgeBar,
  Bar as DayBar,
  Sample,
} from "../../cli/dashboard/shapes.js";
import { ActiveChart, AgeChart } from "./charts.js";
import { Conflicts } from "./conflicts.js";
import type { Feed, View } from "./feed.js";
import { ErrorTable, LogTable, RunTable } from "./tables.js";
import { SessionCard } from "./session.js";
import { Bounds, Hooks, Webhooks } from "./outside.js";
import { Fires, Schedules } from "./schedules.js";
import { Progress, StatusFacts, StatusTiles } from "./status.js";
import { utcText } from "./text.js";
import { Visits } from "./visits.js";

/** The whole page; parts whose data has not arrived yet are left out or say that they load. */
export function Dashboard({ feed }: { feed: Feed }) {
  const view = useSyncExternalStore(feed.subscribe, feed.view);
  const now = useNow();
  return (
    <>
      <Bar view={view} />
      <main className="page">
        <Notices view={view} />
        {view.status === undefined ? (
          <p className="muted">Loading …</p>
        ) : (
          <>
            <StatusTiles status={view.status} />
            <Progress status={view.status} />
            <Charts
              activity={view.activity}
              created={view.created}
              purged={view.purged}
              ages={view.ages}
            />
            <Visits days={view.days} sources={view.sources} />
            <StatusFacts status={view.status} now={now} />
            <Schedules status={view.status} now={now} />
            <Fires fires={view.fires} />
            <Webhooks
              webhooks={view.webhooks}
              deliveries={view.deliveries}
              now={now}
            />
            <div className="columns">
              <Bounds bounds={view.bounds} status={view.status} now={now} />
              <Hooks status={view.status} now={now} />
            </div>
            <Conflicts conflicts={view.status.conflicts} />
          </>
        )}
        <SessionCard />
        <Card title="Runs" note="the newest 50; times in UTC">
          <RunTable runs={view.runs} now={now} />
        </Card>
        <Card title="Errors of runs" note="times in UTC">
          <ErrorTable runs={view.runs} />
        </Card>
        <Card title="Settings log" note="the newest 50; times in UTC">
          <LogTable log={view.log} now={now} />
        </Card>
      </main>
    </>
  );
}

function Bar({ view: { status, connection, command } }: { view: View }) {
  const production = status?.target.productionName ?? null;
  const isLive = command === "answering" && connection?.isConnected === true;
  return (
    <header className="bar">
      <h1>sessions-ops</h1>
      {status !== undefined && <code className="url">{status.target.url}</code>}
      {production !== null && <Pill tone="bad">production: {production}</Pill>}
      <Pill tone={isLive ? "good" : "warn"}>
        {isLive ? "live" : "not live"}
      </Pill>
      <Spoken warnings={status?.warnings.length ?? 0} />
    </header>
  );
}

/**
 * What is read out by itself: how many warnings there are. The warnings themselves would be read out again and again,
 * as some have times that go on.
 */
function Spoken({ warnings }: { warnings: number }) {
  return (
    <p className="unseen" role="status">
      {warnings > 0 && `${warnings} ${warnings === 1 ? "warning" : "warnings"}`}
    </p>
  );
}

function Notices({ view: { status, connection, command } }: { view: View }) {
  return (
    <>
      {command === "lost" && (
        <Notice tone="bad">
          The command that serves this page does not answer. What you see is
          old; run <code>sessions-ops dashboard</code> again.
        </Notice>
      )}
      {connection?.isConnected === false && (
        <Notice tone="bad">
          The connection to the deployment is lost; the command tries again.
        </Notice>
      )}
      {status?.warnings.map((warning) => (
        <Notice key={warning} tone="warn" isQuiet>
          {warning}
        </Notice>
      ))}
    </>
  );
}

/** The charts, drawn anew only when a bar or a sample has changed: drawing them is what costs. */
const Charts = memo(function Charts({
  activity = [],
  created,
  purged,
  ages,
}: {
  activity: Sample[] | undefined;
  created: DayBar[] | undefined;
  purged: DayBar[] | undefined;
  ages: AgeBar[] | undefined;
}) {
  const since = activity[0]?.at;
  return (
    <div className="columns">
      <Card
        title="Active sessions"
        note={since !== undefined && `since ${utcText(since)} UTC`}
      >
        <ActiveChart samples={activity} />
      </Card>
      <Card title="Created by day" note="sessions still kept; UTC days">
        <DayChart days={created} unit="sessions created" />
      </Card>
      <Card title="Purged by day" note="by runs; UTC days">
        <DayChart days={purged} unit="sessions purged" />
      </Card>
      <Card
        title="Age of sessions"
        note="days since last active, inactive ones"
      >
        <AgeChart ages={ages} />
      </Card>
    </div>
  );
});
