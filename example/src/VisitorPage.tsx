import { useQuery } from "convex/react";
import {
  useSessionTracker,
  type Consent,
  type SessionTracking,
} from "sessions-ops/react";
import { api } from "../convex/_generated/api.js";
import {
  Ago,
  Button,
  Card,
  Choice,
  Facts,
  Notice,
  Pill,
  Short,
  Table,
  type Tone,
  useNow,
} from "../../ui/index.js";
import { CONSENTS } from "./consent.js";
import { HEARTBEAT_MS, trackingOptions } from "./tracking.js";
import { VisitCard } from "./VisitCard.js";

export interface VisitorPageProps {
  consent: Consent;
  onConsent: (consent: Consent) => void;
}

/** A page that is tracked, and shows its visitors their own visit and session. */
export function VisitorPage({ consent, onConsent }: VisitorPageProps) {
  const tracking = useSessionTracker(trackingOptions(consent));
  return (
    <>
      <h1>You are a visitor</h1>
      {tracking.error && (
        <Notice tone="warn">
          {tracking.error.kind}: {tracking.error.message}
        </Notice>
      )}
      <div className="columns">
        <VisitCard isTracked={tracking.anonymousId !== null} />
        <SessionCard {...tracking} />
        <Card title="Do something">
          <Actions {...tracking} />
          <p className="muted">
            Each click records an action. Without a connection it waits, and is
            sent once there is one.
          </p>
        </Card>
        <Card title="Tabs">
          <p>
            All tabs of this browser share one id, and one of them sends the
            heartbeat, every {HEARTBEAT_MS / 1_000} seconds while a tab is
            visible.
          </p>
          <p>
            <a href="./" target="_blank" rel="noreferrer">
              Open another tab
            </a>
          </p>
        </Card>
        <Card title="Consent">
          <Choice
            label="May this visit be recorded?"
            values={CONSENTS}
            value={consent}
            onChange={onConsent}
          />
          <p className="muted">
            Pending stores and sends nothing. Denied forgets the id and has the
            session erased.
          </p>
        </Card>
      </div>
    </>
  );
}

const PRODUCTS = ["teapot", "lamp", "chair"] as const;

function Actions({ status, ...tracking }: SessionTracking) {
  const { trackUserAction, endSession, reset } = tracking;
  const isOpen = status === "active" || status === "offline";
  return (
    <>
      <div className="buttons">
        {PRODUCTS.map((product) => (
          <Button
            key={product}
            isPrimary
            isDisabled={!isOpen}
            onClick={() => trackUserAction("view", { resourceId: product })}
          >
            View the {product}
          </Button>
        ))}
        <Button
          isDisabled={!isOpen}
          onClick={() =>
            trackUserAction("add_to_cart", {
              resourceId: "teapot",
              metadata: { quantity: 2 },
            })
          }
        >
          Add two teapots
        </Button>
      </div>
      <div className="buttons">
        <Button isDisabled={!isOpen} onClick={() => void endSession()}>
          End the session
        </Button>
        <Button
          isDisabled={!isOpen && status !== "ended" && status !== "revoked"}
          onClick={() => reset()}
        >
          Go on as somebody new
        </Button>
      </div>
    </>
  );
}

const TONES: Partial<Record<string, Tone>> = {
  active: "good",
  offline: "warn",
  denied: "bad",
  revoked: "bad",
};

function SessionCard({ anonymousId, status }: SessionTracking) {
  const now = useNow();
  const session = useQuery(
    api.mine.session,
    anonymousId === null ? "skip" : { anonymousId },
  );
  return (
    <Card title="Your session" note={<Pill {...toneOf(status)}>{status}</Pill>}>
      <Facts
        facts={{
          "Your id": anonymousId === null ? "none" : <code>{anonymousId}</code>,
          ...(session && {
            Session: <code>{session.sessionId}</code>,
            State: session.state,
            Visits: session.visits,
            Actions: session.actionCount,
            Since: <Ago at={session.createdAt} now={now} />,
            "Last active": <Ago at={session.lastActive} now={now} />,
          }),
        }}
      />
      {session && (
        <Table
          label="Your newest actions"
          columns={[
            { title: "Action", cell: (row) => <Short text={row.action} /> },
            {
              title: "What",
              cell: (row) => <Short text={row.resourceId ?? ""} />,
            },
            { title: "When", cell: (row) => <Ago at={row.at} now={now} /> },
          ]}
          rows={session.actions.map((action, n) => ({ ...action, n }))}
          keyOf={({ at, n }) => `${at} ${n}`}
          empty="No actions yet."
        />
      )}
    </Card>
  );
}

function toneOf(status: string): { tone?: Tone } {
  const tone = TONES[status];
  return tone === undefined ? {} : { tone };
}
