"use client";
import { usePaginatedQuery } from "convex/react";
import { api } from "../../convex/_generated/api";

/** Where the user is signed in: the sessions that are linked to them. */
export function Devices() {
  const { results } = usePaginatedQuery(
    api.tracking.getOwnSessions,
    {},
    { initialNumItems: 10 },
  );
  return (
    <section aria-label="Your browsers">
      <h2>Your browsers</h2>
      <ul>
        {results.map(({ sessionId, state, path }) => (
          <li key={sessionId}>
            {state}, last at {path}
          </li>
        ))}
      </ul>
    </section>
  );
}
