/** What the engine uses of the page it runs in; `globalThis` in a browser. */
export type Page = Pick<
  typeof globalThis,
  | "addEventListener"
  | "removeEventListener"
  | "AbortController"
  | "clearTimeout"
  | "crypto"
  | "Date"
  | "document"
  | "fetch"
  | "localStorage"
  | "Math"
  | "navigator"
  | "sessionStorage"
  | "setTimeout"
>;
