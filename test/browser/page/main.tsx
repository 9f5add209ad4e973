/**
 * A component and two hooks in StrictMode, with a button that takes them off the page and puts them
 * back.
 */
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
