/** The status screen: the content of `sessions-ops status`, as parts of a page. */
import type { StatusJson } from "../../cli/json/status/status.js";
import { Card, Facts, Tile } from "../../ui/index.js";
import { atLeast, durationText, numberText } from "./text.js";
import { When } from "./When.js";

interface Props {
  status: StatusJson;
  now: number;
}

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
  const { progress, runs } = status;
  return progress.map(({ runId, left, isCapped, text }) => {
    const run = runs.find((each) => each.runId === runId);
    if (run === undefined) return null;
    return (
      <Card key={runId} title={`Running: ${run.kind}`} note={text}>
        <progress
          aria-label={`Progress of the ${run.kind} run`}
          // A bar without a value says that something goes on, and not how far.
          {...(isCapped
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
