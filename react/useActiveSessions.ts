"use client";
import { useQueries } from "convex/react";
import { anyApi, getFunctionName, makeFunctionReference } from "convex/server";
import { useMemo } from "react";
import type { ActiveSession } from "../client/index.js";
import type { SessionFunctions } from "./options.js";

export interface ActiveSessionsOptions {
  /** @default 15 */
  minutesActive?: number | undefined;
  /** At most 1,000. @default 100 */
  limit?: number | undefined;
  /** By default `api.sessions.getActiveSessions`, by name. */
  functions?: Pick<SessionFunctions, "getActiveSessions"> | undefined;
}

/** `sessions` is `undefined` while loading and where the app's `authorize` refuses; then `error` says so. */
export interface ActiveSessions {
  sessions: ActiveSession[] | undefined;
  error: Error | null;
}

/** The sessions active now, live, for whom the app's `authorize` permits. */
export function useActiveSessions({
  minutesActive,
  limit,
  functions,
}: ActiveSessionsOptions = {}): ActiveSessions {
  // References are made anew on each access; their names are the same.
  const name = getFunctionName(
    functions?.getActiveSessions ?? anyApi.sessions!.getActiveSessions!,
  );
  const queries = useMemo(() => {
    const query = makeFunctionReference<"query">(name);
    const args = {
      ...(minutesActive === undefined ? {} : { minutesActive }),
      ...(limit === undefined ? {} : { limit }),
    };
    return { active: { query, args } };
  }, [name, minutesActive, limit]);
  const result = useQueries(queries).active as
    ActiveSession[] | Error | undefined;
  return result instanceof Error
    ? { sessions: undefined, error: result }
    : { sessions: result, error: null };
}
