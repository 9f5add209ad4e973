import { useState, useSyncExternalStore } from "react";
import type { Consent } from "sessions-ops/react";
import { readConsent, writeConsent } from "./consent.js";
import { DevicesPage } from "./DevicesPage.js";
import { OverviewPage } from "./OverviewPage.js";
import { VisitorPage } from "./VisitorPage.js";

const PAGES = {
  "#/": "Visitor",
  "#/devices": "Devices",
  "#/overview": "Overview",
};

export function App() {
  const hash = useHash();
  const [consent, setConsent] = useState(readConsent);
  const choose = (chosen: Consent) => {
    setConsent(chosen);
    writeConsent(chosen);
  };
  return (
    <>
      <nav className="bar" aria-label="Pages">
        <strong>sessions-ops example</strong>
        <span className="links">
          {Object.entries(PAGES).map(([href, name]) => (
            <a
              key={href}
              href={href}
              aria-current={href === hash ? "page" : undefined}
            >
              {name}
            </a>
          ))}
        </span>
      </nav>
      <main className="page">
        {hash === "#/overview" ? (
          <OverviewPage />
        ) : hash === "#/devices" ? (
          <DevicesPage consent={consent} />
        ) : (
          <VisitorPage consent={consent} onConsent={choose} />
        )}
      </main>
    </>
  );
}

function useHash(): string {
  const hash = useSyncExternalStore(
    (changed) => {
      window.addEventListener("hashchange", changed);
      return () => window.removeEventListener("hashchange", changed);
    },
    () => window.location.hash,
  );
  return hash in PAGES ? hash : "#/";
}
