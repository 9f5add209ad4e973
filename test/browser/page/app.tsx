/**
 * An app whose address names its deployment, the number of roots with a client of their own, the heartbeat
 * interval and, where no debugger is attached, whom to obey: its trackers are there for tests to act with.
 */
import { ConvexProvider, ConvexReactClient } from "convex/react";
import { useState } from "react";
import { createRoot } from "react-dom/client";
import { useSessionTracker, type Consent } from "../../../react/index.js";
import { obey } from "./obey.js";
import type { Tracker } from "./tracker.js";

const query = new URLSearchParams(location.search);
const trackers: Tracker[] = [];
Object.assign(globalThis, { trackers });

function Root({ n }: { n: number }) {
  const [consent, setConsent] = useState<Consent>("granted");
  const tracking = useSessionTracker({
    consent,
    forgetOnDenied: true,
    heartbeatInterval: Number(query.get("intervalMs")),
  });
  trackers[n] = { ...tracking, setConsent };
  return <output>{tracking.status}</output>;
}

for (let n = 0; n < Number(query.get("roots") ?? 1); n += 1) {
  const root = document.body.appendChild(document.createElement("div"));
  const client = new ConvexReactClient(query.get("deployment")!);
  createRoot(root).render(
    <ConvexProvider client={client}>
      <Root n={n} />
    </ConvexProvider>,
  );
}

const remote = query.get("remote");
if (remote !== null) void obey(remote);
