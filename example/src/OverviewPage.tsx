import { useConvexAuth, useConvexConnectionState } from "convex/react";
import { useActiveSessions } from "sessions-ops/react";
import {
  Ago,
  Button,
  Card,
  DayChart,
  Notice,
  Short,
  Table,
  Tile,
  useNow,
} from "../../ui/index.js";
import { signIn, useSignIn } from "./signIn.js";
import { DAYS, useOverview } from "./useOverview.js";

/** Everybody's sessions, for whoever the app's `authorize` permits. */
export function OverviewPage() {
  const { isAuthenticated, isLoading } = useConvexAuth();
  const { user, error } = useSignIn();
  return (
    <>
      <h1>All visitors</h1>
      <ConnectionNotice />
      {isAuthenticated && user === "admin" ? (
        <>
          <Overview />
          <div className="buttons">
            <Button onClick={() => signIn(null)}>Sign out</Button>
          </div>
        </>
      ) : (
        <Card title="For administrators">
          {error !== null && <Notice tone="bad">{error}</Notice>}
          <p>
            The queries of this page answer only users whose token says{" "}
            <code>role: &quot;admin&quot;</code>. The web server of this example
            signs such a token for whoever asks, since only this machine reaches
            it.
          </p>
          <div className="buttons">
            <Button
              isPrimary
              isDisabled={isLoading}
              onClick={() => signIn("admin")}
            >
              Sign in as administrator
            </Button>
          </div>
        </Card>
      )}
    </>
  );
}

/** Says that the connection is lost: without it, old figures would look like the present ones. */
function ConnectionNotice() {
  const { isWebSocketConnected, hasEverConnected, connectionRetries } =
    useConvexConnectionState();
  const isLost = hasEverConnected || connectionRetries > 0;
  if (isWebSocketConnected || !isLost) return null;
  return (
    <Notice tone="bad">
      The deployment does not answer; what you see may be old. It is tried
      again.
    </Notice>
  );
}

function Overview() {
  const now = useNow();
  const { counts, days, actions, error } = useOverview(now);
  return (
    <>
      {error && <Notice tone="bad">{error.message}</Notice>}
      <div className="tiles">
        <Tile label="Active" value={counts?.active.toLocaleString("en")} />
        <Tile label="Expired" value={counts?.expired.toLocaleString("en")} />
        <Tile label="Ended" value={counts?.ended.toLocaleString("en")} />
        <Tile label="All sessions" value={counts?.total.toLocaleString("en")} />
      </div>
      <Card
        title="Sessions by day"
        note={`created in the last ${DAYS} days, UTC`}
      >
        <DayChart days={days} unit="sessions" />
      </Card>
      <div className="columns">
        <ActiveSessions now={now} />
        <Card title="Newest actions" note="of everybody">
          <Table
            label="Newest actions"
            columns={[
              { title: "Action", cell: (row) => <Short text={row.action} /> },
              {
                title: "What",
                cell: (row) => <Short text={row.resourceId ?? ""} />,
              },
              { title: "Session", cell: (row) => <Id id={row.sessionId} /> },
              { title: "When", cell: (row) => <Ago at={row.at} now={now} /> },
            ]}
            rows={actions}
            keyOf={({ actionId }) => actionId}
            empty="Nobody has done anything yet."
          />
        </Card>
      </div>
    </>
  );
}

const MINUTES = 15;

function ActiveSessions({ now }: { now: number }) {
  const { sessions, error } = useActiveSessions({
    minutesActive: MINUTES,
    limit: 12,
  });
  return (
    <Card title="Active now" note={`seen within ${MINUTES} minutes`}>
      {error && <Notice tone="bad">{error.message}</Notice>}
      <Table
        label="Active sessions"
        columns={[
          { title: "Session", cell: (row) => <Id id={row.sessionId} /> },
          { title: "Visits", isNumber: true, cell: (row) => row.visits },
          { title: "Actions", isNumber: true, cell: (row) => row.actionCount },
          {
            title: "Last active",
            cell: (row) => <Ago at={row.lastActive} now={now} />,
          },
        ]}
        rows={error ? [] : sessions}
        keyOf={({ sessionId }) => sessionId}
        empty="Nobody is here."
      />
    </Card>
  );
}

/** The beginning of an id: enough to tell one from another. */
function Id({ id }: { id: string }) {
  return <code title={id}>{id.slice(-8)}</code>;
}
