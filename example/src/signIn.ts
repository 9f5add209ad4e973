import { useCallback, useMemo, useSyncExternalStore } from "react";

interface SignIn {
  /** Who is signed in, if anybody. */
  user: string | null;
  /** The reason why the last attempt failed. */
  error: string | null;
}

/** The state holds until the page is left; a real app has its identity provider's hook here. */
let state: SignIn = { user: null, error: null };
const listeners = new Set<() => void>();

/** Signs this user in in place of whoever was, or nobody. */
export function signIn(user: string | null): void {
  change({ user, error: null });
}

export function useSignIn(): SignIn {
  return useSyncExternalStore(subscribe, () => state);
}

/** The hook that ConvexProviderWithAuth calls. */
export function useDevAuth() {
  const { user } = useSignIn();
  const fetchAccessToken = useCallback(() => fetchToken(user), [user]);
  return useMemo(
    () => ({
      isLoading: false,
      isAuthenticated: user !== null,
      fetchAccessToken,
    }),
    [user, fetchAccessToken],
  );
}

async function fetchToken(user: string | null): Promise<string | null> {
  if (user === null) return null;
  try {
    const query = new URLSearchParams({ user });
    const response = await fetch(`/sign-in?${query}`, { method: "POST" });
    if (!response.ok) return fail(`it answered ${response.status}`);
    const { token } = (await response.json()) as { token: string };
    return token;
  } catch (error) {
    return fail(String(error));
  }
}

function fail(why: string): null {
  const error = `The web server of this page could not sign you in: ${why}. Does "npm run example" still run?`;
  change({ user: null, error });
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
