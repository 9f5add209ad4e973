import type { Page } from "./page.js";

/** Listens to events of the page, by their types. Returns how to stop. */
export function listen(
  page: Page,
  listeners: Record<string, (event: Event) => void>,
): () => void {
  const abort = new AbortController();
  for (const type in listeners) {
    page.addEventListener(type, listeners[type]!, {
      // Where the app cannot stop it, and without holding up a scroll.
      capture: true,
      passive: true,
      signal: abort.signal,
    });
  }
  return () => abort.abort();
}
