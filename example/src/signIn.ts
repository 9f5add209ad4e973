import { useCallback, useMemo, useSyncExternalStore } from "react";

interface SignIn {
  isSignedIn: boolean;
  /** The reason why the last attempt failed. */
  error: string | null;
}

/** The state holds until the page is left; a real app has its identity provider's hook here. */
let state: SignIn = { isSignedIn: false, error: null };
const listeners = new Set<() => void>();

export function setSignedIn(isSignedIn: boolean): void {
  change({ isSignedIn, error: null });
}

export function useSignIn(): SignIn {
  return useSyncExternalStore(subscribe, () => state);
}

/** The hook that ConvexProviderWithAuth calls. */
export function useDevAuth() {
  const { isSignedIn: isAuthenticated } = useSignIn();
  const fetchAccessToken = useCallback(fetchToken, []);
  return useMemo(
    () => ({ isLoading: false, isAuthenticated, fetchAccessToken }),
    [isAuthenticated, fetchAccessToken],
  );
}

async function fetchToken(): Promise<string | null> {
  try {
    const response = await fetch("/sign-in", { method: "POST" });
    if (!response.ok) return fail(`it answered ${response.status}`);
    const { token } = (await response.json()) as { token: string };
    return token;
  } catch (error) {
    return fail(String(error));
  }
}

function fail(why: string): null {
  const error = `The web server of this page could not sign you in: ${why}. Does "npm run example" still run?`;
  change({ isSignedIn: false, error });
  return null;
}

function change(changed: SignIn): void {
  state = changed;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
