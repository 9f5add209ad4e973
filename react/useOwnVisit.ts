"use client";
import { useConvex, useQueries } from "convex/react";
import { anyApi, getFunctionName, makeFunctionReference } from "convex/server";
import { useEffect, useMemo } from "react";
import type { OwnVisit } from "../client/index.js";
import type { SessionFunctions } from "./engine/options.js";
import { revoke } from "./engine/registry.js";
import { useAnonymousId } from "./useSessionTracker.js";

/** Which function of the app is asked. */
export interface OwnVisitOptions {
  /** The app's function. @default `api.sessions.getOwnVisit`, by name */
  functions?: Pick<SessionFunctions, "getOwnVisit"> | undefined;
}

/** What `useOwnVisit` returns. */
export interface OwnVisitResult {
  /**
   * `null` where the deployment knows of none; `undefined` while it loads, while there is no anonymousId, such as without
   * consent, and where there is an `error`.
   */
  visit: OwnVisit | null | undefined;
  /** What the function threw; else `null`. */
  error: Error | null;
}

/**
 * This visitor's own visit as the deployment knows it, live; tracks as the other hooks do. The deployment answers
 * anew with each heartbeat that it writes down, each action and each end, so `engagedMs` grows in such steps.
 * By it the page also hears at once of a block, whereupon the status is `revoked`, and that it is lifted.
 *
 * @param options - the app's function, where it is not the default
 * @throws Error outside of a `ConvexProvider`; what the function throws is the `error`
 *
 * @example
 * ```tsx
 * import { useOwnVisit } from "sessions-ops/react";
 *
 * export function Here() {
 *   const { visit } = useOwnVisit();
 *   const seconds = Math.round((visit?.engagedMs ?? 0) / 1_000);
 *   return <p>You have been here for {seconds} s.</p>;
 * }
 * ```
 */
export function useOwnVisit({
  functions,
}: OwnVisitOptions = {}): OwnVisitResult {
  const anonymousId = useAnonymousId();
  // References are made anew on each access; their names are the same.
  const name = getFunctionName(
    functions?.getOwnVisit ?? anyApi.sessions!.getOwnVisit!,
  );
  const queries = useMemo(() => {
    if (anonymousId === null) return {};
    const query = makeFunctionReference<"query">(name);
    return { visit: { query, args: { anonymousId } } };
  }, [name, anonymousId]);
  const answer = useQueries(queries).visit as
    OwnVisit | null | Error | undefined;
  const client = useConvex();
  const isKnown = answer !== undefined && !(answer instanceof Error);
  const { blockedUntil = 0 } = (isKnown && answer) || {};
  useEffect(() => {
    if (!isKnown) return;
    revoke(client, blockedUntil === "forever" ? Infinity : blockedUntil);
  }, [client, anonymousId, isKnown, blockedUntil]);
  return useMemo(() => {
    const isError = answer instanceof Error;
    return {
      visit: isError ? undefined : answer,
      error: isError ? answer : null,
    };
  }, [answer]);
}
