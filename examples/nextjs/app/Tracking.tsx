"use client";
import { usePathname } from "next/navigation";
import { useEffect, useRef } from "react";
import { SessionTracker, useSessionTracker } from "sessions-ops/react";
import { api } from "../convex/_generated/api";
import { chooseConsent, useConsent } from "./consent";

/** The tracker, what it asks the visitor for, and what it is told of by the app's router. */
export function Tracking() {
  const consent = useConsent();
  return (
    <>
      <SessionTracker
        consent={consent === "unasked" ? "pending" : consent}
        forgetOnDenied
        linkUser
        functions={api.tracking}
      />
      {consent === "granted" && <PageViews />}
      {consent === "unasked" && (
        <aside aria-label="Consent">
          May we remember this browser, and count what it looks at? The basket
          needs it.
          <button onClick={() => chooseConsent("granted")}>Accept</button>
          <button onClick={() => chooseConsent("denied")}>Refuse</button>
        </aside>
      )}
    </>
  );
}

/** Records each page that the router shows. Mounted once, as it is the app's pages that come and go. */
function PageViews() {
  const path = usePathname();
  const { trackUserAction } = useSessionTracker();
  const viewed = useRef<string>(undefined);
  useEffect(() => {
    // StrictMode runs effects twice in development.
    if (viewed.current === path) return;
    viewed.current = path;
    trackUserAction("view", { resourceId: path });
  }, [path, trackUserAction]);
  return null;
}
