import type { VisitFacts } from "./options.js";

/**
 * Where the visitor is, on what, and where they came from.
 * @param isYoung the page was opened a short while ago: who comes back to a tab that lay open for hours did
 * not come from where it did at first
 */
export function factsOf(isYoung: boolean): VisitFacts {
  const agent = navigator.userAgent + navigator.maxTouchPoints;
  const facts: VisitFacts = {
    path: location.pathname.slice(0, 512),
    // Tablets from Apple say that they are a Macintosh, which has no touch screen.
    device: /ipad|tablet|android(?!.*mobi)|macintosh.*[1-9]$/i.test(agent)
      ? "tablet"
      : /mobi/i.test(agent)
        ? "mobile"
        : "desktop",
  };
  if (isYoung) {
    // A name, and no IP address.
    const from = /\/\/(?:www\.)?([\w.-]*[a-z][\w-]*)[:/]/.exec(
      document.referrer,
    )?.[1];
    if (!("." + location.hostname).endsWith("." + from)) facts.referrer = from;
    const searchParams = new URL(
      // Of the address that was opened: a router may have put another in its place.
      performance.getEntriesByType("navigation")[0]?.name ?? location.href,
    ).searchParams;
    for (const name of ["Source", "Medium", "Campaign"] as const) {
      // Cut, but not within a character.
      facts[`utm${name}`] = /^[^]{1,128}(?![\udc00-\udfff])/.exec(
        searchParams.get(`utm_${name.toLowerCase()}`) ?? "",
      )?.[0];
    }
  }
  return facts;
}
