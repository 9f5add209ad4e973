/** A component and two hooks in StrictMode, which a button takes off the page and puts back. */
import { ConvexProvider, ConvexReactClient } from "convex/react";
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import {
  SessionTracker,
  useAnonymousId,
  useSessionTracker,
} from "../../../react/index.js";

const convex = new ConvexReactClient(import.meta.env.VITE_CONVEX_URL);

function Page() {
  const [isMounted, setIsMounted] = useState(true);
  return (
    <>
      <button type="button" onClick={() => setIsMounted(!isMounted)}>
        {isMounted ? "unmount" : "mount"}
      </button>
      {isMounted && (
        <>
          <SessionTracker storageKey="visitor" />
          <Hooks />
        </>
      )}
    </>
  );
}

function Hooks() {
  const { status } = useSessionTracker();
  return (
    <output>
      {status} {useAnonymousId()}
    </output>
  );
}

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <ConvexProvider client={convex}>
      <Page />
    </ConvexProvider>
  </StrictMode>,
);
