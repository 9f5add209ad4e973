"use client";
import { useSyncExternalStore } from "react";
import type { Consent } from "sessions-ops/react";

/** The visitor's choice. To ask for it and to keep it is the app's own matter; the tracker takes the value. */
type Choice = Consent | "unasked";

const KEY = "shopConsent";
const listeners = new Set<() => void>();

/** `pending` on the server and until the page is hydrated, so that both render the same. */
export function useConsent(): Choice {
  return useSyncExternalStore(subscribe, read, () => "pending");
}

export function chooseConsent(choice: "granted" | "denied"): void {
  localStorage.setItem(KEY, choice);
  for (const listener of listeners) listener();
}

function read(): Choice {
  const kept = localStorage.getItem(KEY);
  return kept === "granted" || kept === "denied" ? kept : "unasked";
}

/** Other tabs choose for this one, too. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    removeEventListener("storage", listener);
  };
}
