/** What lies outside of the component: webhooks that it tells, hooks of the app, strangers who are refused. */
import type {
  BoundRow,
  DeliveryRow,
  WebhookRow,
} from "../../cli/dashboard/shapes.js";
import type { StatusJson } from "../../cli/json/status/status.js";
import { Pill, type Column, type Tone } from "../../ui/index.js";
import { TableCard } from "./TableCard.js";
import { numberText } from "./text.js";
import { When } from "./When.js";

export function Webhooks({
  webhooks,
  deliveries,
  now,
}: {
  webhooks: WebhookRow[] | undefined;
  deliveries: DeliveryRow[] | undefined;
  now: number;
}) {
  const columns: Column<WebhookRow>[] = [
    { title: "To", cell: ({ which }) => <p className="text">{which}</p> },
    {
      title: "Told of",
      cell: ({ tellsOf }) => <p className="text">{tellsOf}</p>,
    },
    { title: "State", cell: (webhook) => <State webhook={webhook} /> },
    {
      title: "Last delivery",
      cell: ({ last }) =>
        last === null ? (
          "none yet"
        ) : (
          <>
            {last.event} {last.status}, <When at={last.at} now={now} />
          </>
        ),
    },
  ];
  return (
    <>
      <TableCard
        title="Webhooks"
        note="addresses in short; times in UTC"
        columns={columns}
        rows={webhooks}
        keyOf={({ webhookId }) => webhookId}
        empty="None: nobody is told of failed runs and missed schedules. `sessions-ops webhooks add` adds one."
      />
      <Deliveries deliveries={deliveries} webhooks={webhooks} now={now} />
    </>
  );
}

export function Bounds({
  bounds,
  status: {
    refused: { lastAt },
  },
  now,
}: {
  bounds: BoundRow[] | undefined;
  status: StatusJson;
  now: number;
}) {
  const columns: Column<BoundRow>[] = [
    { title: "Bound on", cell: ({ what }) => <p className="text">{what}</p> },
    {
      title: "At most",
      isNumber: true,
      cell: ({ bound }) => (bound === "never" ? "no bound" : numberText(bound)),
    },
    {
      title: "Refused",
      isNumber: true,
      cell: ({ refused }) => numberText(refused),
    },
  ];
  return (
    <TableCard
      title="Refused by bounds"
      note={
        <>
          in 24 hours;{" "}
          {lastAt === null ? (
            "nobody"
          ) : (
            <>
              the last <When at={lastAt} now={now} />
            </>
          )}
        </>
      }
      columns={columns}
      rows={bounds}
      keyOf={({ setting }) => setting}
      empty="There are no bounds."
    />
  );
}

export function Hooks({
  status: { hooks, hookDebts },
  now,
}: {
  status: StatusJson;
  now: number;
}) {
  const columns: Column<Hook>[] = [
    { title: "Hook", cell: ({ name }) => name },
    {
      title: "State",
      cell: ({ failure }) => (
        <Pill tone={failure ? "bad" : "good"}>
          {failure ? "failing" : "no failure"}
        </Pill>
      ),
    },
    {
      title: "Last failure",
      cell: ({ failure }) => <When at={failure?.lastAt ?? null} now={now} />,
    },
    {
      title: "Error",
      // The stack is in `status`; the first line says what it is.
      cell: ({ failure }) => (
        <p className="text">{failure?.error.split("\n")[0] ?? "-"}</p>
      ),
    },
  ];
  return (
    <TableCard
      title="Hooks of the app"
      note={hookDebts > 0 && `erasures not answered: ${numberText(hookDebts)}`}
      columns={columns}
      rows={hooks}
      keyOf={({ name }) => name}
      empty="The app has set no hooks."
    />
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

type Hook = StatusJson["hooks"][number];

/** The ledger's newest; nothing where there is no webhook and never was one. */
function Deliveries({
  deliveries,
  webhooks = [],
  now,
}: {
  deliveries: DeliveryRow[] | undefined;
  webhooks: WebhookRow[] | undefined;
  now: number;
}) {
  if (webhooks.length === 0 && !deliveries?.length) return null;
  const addresses = new Map(
    webhooks.map((each) => [each.webhookId, each.which]),
  );
  const columns: Column<DeliveryRow>[] = [
    { title: "At", cell: ({ at }) => <When at={at} /> },
    { title: "Event", cell: ({ event }) => event },
    {
      title: "To",
      cell: ({ webhookId }) => (
        <p className="text">
          {addresses.get(webhookId) ?? "a removed webhook"}
        </p>
      ),
    },
    {
      title: "Status",
      cell: ({ status }) => <Pill {...TONES[status]}>{status}</Pill>,
    },
    {
      title: "Attempts",
      isNumber: true,
      cell: ({ attempts }) => numberText(attempts),
    },
    { title: "Answer", cell: ({ answer }) => <p className="text">{answer}</p> },
    {
      title: "Next attempt",
      cell: ({ nextAt }) => <When at={nextAt} now={now} isAhead />,
    },
  ];
  return (
    <TableCard
      title="Deliveries"
      note="the newest 50; times in UTC"
      columns={columns}
      rows={deliveries}
      keyOf={({ deliveryId }) => deliveryId}
      empty="Nothing has been told yet."
    />
  );
}

const TONES: Record<DeliveryRow["status"], { tone?: Tone }> = {
  pending: {},
  delivered: { tone: "good" },
  failed: { tone: "bad" },
};

function State({
  webhook: { disabled, failingSince },
}: {
  webhook: WebhookRow;
}) {
  if (disabled !== null) {
    return (
      <Pill tone="bad">
        disabled <When at={disabled.at} />,{" "}
        {disabled.why === "gone"
          ? "its endpoint is gone"
          : "after a day of failures"}
      </Pill>
    );
  }
  if (failingSince === null) return <Pill tone="good">on</Pill>;
  return (
    <Pill tone="warn">
      failing since <When at={failingSince} />
    </Pill>
  );
}
