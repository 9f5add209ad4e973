"use client";
import { useConvex, useConvexAuth, useQueries } from "convex/react";
import {
  anyApi,
  getFunctionName,
  makeFunctionReference,
  type FunctionReference,
} from "convex/server";
import { useEffect, useMemo, useRef, useState } from "react";
import type { OwnLink } from "../client/index.js";
import type { SessionFunctions } from "./engine/options.js";
import { quietly } from "./quietly.js";
import { useSessionTracker } from "./useSessionTracker.js";

/**
 * How long a visitor who comes after another in the same page is nobody's. Where an app makes them somebody new at a
 * sign-out, this page or another tab may hear of that first, and of the sign-out only then.
 */
const SETTLE_MS = 2_000;

/** How visitors are linked to users. */
export interface LinkUserOptions {
  /** Whether the visitor is nobody's again once the user has signed out. @default false */
  unlinkOnSignOut?: boolean | undefined;
  /** The app's functions. @default those of `api.sessions`, by name */
  functions?:
    | Partial<
        Pick<SessionFunctions, "getOwnLink" | "linkSession" | "unlinkSession">
      >
    | undefined;
}

/** What `useLinkUser` returns. */
export interface UserLink {
  /** `undefined` while nobody is signed in, and until the deployment has said it. */
  isLinked: boolean | undefined;
  /** What a function threw last; else `null`. */
  error: Error | null;
}

/**
 * Links this visitor to the user who is signed in, by the client's own mutation: once a visitor and user, and never
 * without consent, while nobody is signed in or while the visitor is revoked. Who that is the app's `identify`
 * says, whom `getOwnLink` asks anew whenever the client's authentication changes: so any way to sign in will do,
 * with an auth provider or by `client.setAuth`. Tracks as the other hooks do.
 *
 * @param options - whether the visitor is nobody's again after a sign-out
 * @throws Error outside of a `ConvexProvider`; what the functions throw is the `error`
 *
 * @example
 * ```tsx
 * import { useLinkUser } from "sessions-ops/react";
 *
 * export function Account() {
 *   const { isLinked } = useLinkUser({ unlinkOnSignOut: true });
 *   return <p>{isLinked ? "This device is yours." : "…"}</p>;
 * }
 * ```
 */
export function useLinkUser({
  unlinkOnSignOut,
  functions,
}: LinkUserOptions = {}): UserLink {
  const client = useConvex();
  const auth = useAuth();
  const { anonymousId, status } = useSessionTracker();
  // References are made anew on each access; their names are the same.
  const name = nameOf("getOwnLink", functions);
  const link = nameOf("linkSession", functions);
  const unlink = nameOf("unlinkSession", functions);

  const mayAsk =
    status === "active" &&
    // A provider knows when there is nobody to ask for, and when that is not known yet.
    (!auth || auth.isAuthenticated || (unlinkOnSignOut && !auth.isLoading));
  const queries = useMemo(() => {
    if (!mayAsk || anonymousId === null) return {};
    const query = makeFunctionReference<"query">(name);
    return { own: { query, args: { anonymousId } } };
  }, [name, anonymousId, mayAsk]);
  const answer = useQueries(queries).own as OwnLink | Error | undefined;
  const own = answer instanceof Error ? undefined : answer;

  const [failure, setFailure] = useState<Error | null>(null);
  /** Whom it was last done for: other tabs, where somebody else is signed in, may undo it, but not for ever. */
  const done = useRef("");
  const wasSignedIn = useRef(false);
  /** The visitor, and until when it is not linked, by the page's own clock. */
  const known = useRef({ id: anonymousId, until: 0 });
  const isSignedIn = typeof own?.userId === "string";
  const isDue =
    own !== undefined &&
    (isSignedIn
      ? own.isLinked === false
      : unlinkOnSignOut === true && own.isLinked === true);
  const whom = own && `${anonymousId} ${own.userId}`;
  useEffect(() => {
    const { id } = known.current;
    if (anonymousId === null || anonymousId === id) return;
    const until = id === null ? 0 : performance.now() + SETTLE_MS;
    known.current = { id: anonymousId, until };
  }, [anonymousId]);
  useEffect(() => {
    if (isSignedIn) wasSignedIn.current = true;
    // Without a provider nobody knows whether somebody is about to be signed in.
    else if (!auth && !wasSignedIn.current) return;
    if (!isDue || done.current === whom) return;
    const act = (): void => {
      done.current = whom!;
      const mutation = makeFunctionReference<"mutation">(
        isSignedIn ? link : unlink,
      );
      quietly(client, () => client.mutation(mutation, { anonymousId })).then(
        () => setFailure(null),
        (error: Error) => setFailure(error),
      );
    };
    const waitMs = isSignedIn ? known.current.until - performance.now() : 0;
    if (waitMs <= 0) return act();
    const timer = setTimeout(act, waitMs);
    return () => clearTimeout(timer);
  }, [client, auth, anonymousId, isSignedIn, isDue, whom, link, unlink]);

  const error = answer instanceof Error ? answer : failure;
  const isLinked = isSignedIn ? own?.isLinked === true : undefined;
  return useMemo(() => ({ isLinked, error }), [isLinked, error]);
}

/** `undefined` where the app has no auth provider: then the hook throws. */
function useAuth() {
  try {
    return useConvexAuth();
  } catch {
    return;
  }
}

function nameOf(
  name: "getOwnLink" | "linkSession" | "unlinkSession",
  functions: LinkUserOptions["functions"],
): string {
  return getFunctionName(
    functions?.[name] ??
      (anyApi.sessions![name]! as FunctionReference<"query" | "mutation">),
  );
}
