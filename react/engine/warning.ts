/** What bundlers put the build's mode in place of. */
declare const process: { env: { NODE_ENV?: string } };

const warned = new WeakSet<object>();

/**
 * Says in development, once an engine, why nothing is tracked. Production builds leave it out.
 * @param isDue whether there is something to say
 * @param failure what the deployment said; without one, there is no browser
 */
export function warnOnce(
  engine: object,
  isDue: boolean,
  failure?: string,
): void {
  try {
    if (process.env.NODE_ENV !== "production" && isDue && !warned.has(engine)) {
      warned.add(engine);
      const message = failure
        ? `${failure} (Functions in another module than convex/sessions.ts? <SessionTracker functions={api.module} />)`
        : "Nothing is tracked, as this is no browser.";
      console.warn(`sessions-ops: ${message}`);
    }
  } catch {
    // Without a build step there is no such variable.
  }
}
