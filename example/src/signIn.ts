import { useCallback, useMemo, useSyncExternalStore } from "react";

/** Signed in until the page is left; a real app has its identity provider's hook here. */
let isSignedIn = false;
const listeners = new Set<() => void>();

export function setSignedIn(value: boolean): void {
  isSignedIn = value;
  for (const listener of listeners) listener();
}

/** What ConvexProviderWithAuth asks. */
export function useDevAuth() {
  const isAuthenticated = useSyncExternalStore(
    subscribe,
    () => isSignedIn,
    () => false,
  );
  const fetchAccessToken = useCallback(fetchToken, []);
  return useMemo(
    () => ({ isLoading: false, isAuthenticated, fetchAccessToken }),
    [isAuthenticated, fetchAccessToken],
  );
}

async function fetchToken(): Promise<string | null> {
  const response = await fetch("/sign-in", { method: "POST" });
  if (!response.ok) return null;
  const { token } = (await response.json()) as { token: string };
  return token;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
