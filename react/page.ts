/** What the engine uses of the page it runs in; `globalThis` in a browser. */
export type Page = Pick<
  typeof globalThis,
  | "addEventListener"
  | "AbortSignal"
  | "clearTimeout"
  | "crypto"
  | "Date"
  | "document"
  | "fetch"
  | "localStorage"
  | "Math"
  | "navigator"
  | "performance"
  | "sessionStorage"
  | "setTimeout"
>;

/** Tries what a browser may refuse; `undefined` where it does. */
export function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    // Blocked or full storage, a closed client: each caller goes on without.
  }
}
