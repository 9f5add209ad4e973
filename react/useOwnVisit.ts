"use client";
import { useConvex, useQueries } from "convex/react";
import { anyApi, getFunctionName, makeFunctionReference } from "convex/server";
import { useEffect, useMemo } from "react";
import type { OwnVisit } from "../client/index.js";
import type { SessionFunctions } from "./engine/options.js";
import { revoke } from "./engine/registry.js";
import { useAnonymousId } from "./useSessionTracker.js";

export interface OwnVisitOptions {
  /** By default `api.sessions.getOwnVisit`, by name. */
  functions?: Pick<SessionFunctions, "getOwnVisit"> | undefined;
}

/**
 * `visit` is `null` where the deployment knows of none, and `undefined` while it loads, while there is no
 * anonymousId, such as without consent, and where there is an `error`.
 */
export interface OwnVisitResult {
  visit: OwnVisit | null | undefined;
  error: Error | null;
}

/**
 * This visitor's own visit as the deployment knows it, live; tracks as the other hooks do. The deployment answers
 * anew with each heartbeat that it writes down, each action and each end, so `engagedMs` grows in such steps.
 * By it the page also hears at once of a block, whereupon the status is `revoked`, and that it is lifted.
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
