"use client";
import { useQueries } from "convex/react";
import { anyApi, getFunctionName, makeFunctionReference } from "convex/server";
import { useEffect, useMemo, useReducer } from "react";
import type { ActiveSession } from "../client/index.js";
import type { SessionFunctions } from "./engine/options.js";
import { stillActive } from "./stillActive.js";

const MINUTE_MS = 60_000;
/** Between two looks at whose time is up: several who go at once are one. */
const SHORTEST_LOOK_MS = 1_000;
/** Less than what a timer can count. */
const LONGEST_LOOK_MS = 86_400_000;

/** Which sessions. */
export interface ActiveSessionsOptions {
  /** The window up to now, in minutes: more than 0 and at most ten years. @default 15 */
  minutesActive?: number | undefined;
  /** How many at most, from 1 to 1,000. @default 100 */
  limit?: number | undefined;
  /** The app's function. @default `api.sessions.getActiveSessions`, by name */
  functions?: Pick<SessionFunctions, "getActiveSessions"> | undefined;
}

/** What `useActiveSessions` returns. */
export interface ActiveSessions {
  /** Newest first; `undefined` while they load, and where there is an `error`. */
  sessions: ActiveSession[] | undefined;
  /** What the function threw, such as where the app's `authorize` refuses; else `null`. */
  error: Error | null;
}

/**
 * The sessions active now, live, for whom the app's `authorize` permits; the same object while nothing
 * changes. The deployment answers anew when somebody comes, acts or ends; who only stops coming is left
 * out here once the window has passed, to the second, and without a call.
 *
 * @param options - the window, and how many at most
 * @throws nothing: what goes wrong is the `error`
 *
 * @example
 * ```tsx
 * import { useActiveSessions } from "sessions-ops/react";
 *
 * export function Now() {
 *   const { sessions, error } = useActiveSessions({ minutesActive: 5 });
 *   if (error !== null) return <p>{error.message}</p>;
 *   return <p>{sessions?.length ?? "…"} visitors</p>;
 * }
 * ```
 */
export function useActiveSessions({
  minutesActive,
  limit,
  functions,
}: ActiveSessionsOptions = {}): ActiveSessions {
  // References are made anew on each access; their names are the same.
  const name = getFunctionName(
    functions?.getActiveSessions ?? anyApi.sessions!.getActiveSessions!,
  );
  // Said to the deployment, so that both go by the same window.
  const minutes = minutesActive ?? 15;
  const atMost = limit ?? 100;
  const queries = useMemo(() => {
    const query = makeFunctionReference<"query">(name);
    const args = { minutesActive: minutes, limit: atMost };
    return { active: { query, args } };
  }, [name, minutes, atMost]);
  const answer = useQueries(queries).active as
    ActiveSession[] | Error | undefined;
  const error = answer instanceof Error ? answer : null;
  const rows = answer instanceof Error ? undefined : answer;

  const [looks, look] = useReducer((before: number) => before + 1, 0);
  const { sessions, nextInMs } = useMemo(
    () => stillActive(rows, minutes * MINUTE_MS, performance.now()),
    [rows, minutes, looks],
  );
  useEffect(() => {
    if (nextInMs === Infinity) return;
    const wait = Math.max(nextInMs, SHORTEST_LOOK_MS);
    const timer = setTimeout(look, Math.min(wait, LONGEST_LOOK_MS));
    return () => clearTimeout(timer);
  }, [sessions, nextInMs, looks]);
  return useMemo(() => ({ sessions, error }), [sessions, error]);
}
